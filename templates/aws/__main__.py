"""What an mlprov project lies in (mlprov infra export)."""

import pulumi
import pulumi_aws as aws

key_log = aws.kms.Key(
    "key-log",
    customer_master_key_spec="ECC_NIST_EDWARDS25519",
    description="signs the checkpoints of an mlprov ledger",
    key_usage="SIGN_VERIFY",
    tags={"mlprov:managed-by": "mlprov"},
    opts=pulumi.ResourceOptions(protect=True),
)

bucket = aws.s3.Bucket(
    "bucket",
    bucket="mlprov-shop-123456789012-eu-central-1",
    tags={"mlprov:managed-by": "mlprov", "mlprov:project": "shop"},
    opts=pulumi.ResourceOptions(protect=True),
)

alias_log = aws.kms.Alias(
    "alias-log",
    name="alias/mlprov-shop",
    target_key_id=key_log.key_id,
)

bucket_lifecycle_configuration_bucket = aws.s3.BucketLifecycleConfiguration(
    "bucket-lifecycle-configuration-bucket",
    bucket=bucket.id,
    rules=[{"filter": {"prefix": "ledger/inbox/"}, "id": "mlprov-inbox", "noncurrent_version_expiration": {"noncurrent_days": 7}, "status": "Enabled"}, {"abort_incomplete_multipart_upload": {"days_after_initiation": 7}, "filter": {"prefix": ""}, "id": "mlprov-uploads", "status": "Enabled"}],
)

bucket_ownership_controls_bucket = aws.s3.BucketOwnershipControls(
    "bucket-ownership-controls-bucket",
    bucket=bucket.id,
    rule={"object_ownership": "BucketOwnerEnforced"},
)

bucket_policy_bucket = aws.s3.BucketPolicy(
    "bucket-policy-bucket",
    bucket=bucket.id,
    policy="{\"Statement\":[{\"Action\":\"s3:PutObject\",\"Condition\":{\"Bool\":{\"s3:ObjectCreationOperation\":\"true\"},\"Null\":{\"s3:if-none-match\":\"true\"}},\"Effect\":\"Deny\",\"Principal\":\"*\",\"Resource\":[\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/commit/*\"],\"Sid\":\"MlprovCommitOnce\"},{\"Action\":[\"s3:DeleteObject\",\"s3:DeleteObjectVersion\"],\"Effect\":\"Deny\",\"Principal\":\"*\",\"Resource\":[\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/commit/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/tile/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/checkpoint\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/data/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/models/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/objects/*\"],\"Sid\":\"MlprovKeep\"},{\"Action\":\"s3:DeleteBucket\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Resource\":\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1\",\"Sid\":\"MlprovKeepBucket\"},{\"Action\":\"s3:*\",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}},\"Effect\":\"Deny\",\"Principal\":\"*\",\"Resource\":[\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/*\"],\"Sid\":\"MlprovTlsOnly\"}],\"Version\":\"2012-10-17\"}",
)

bucket_public_access_block_bucket = aws.s3.BucketPublicAccessBlock(
    "bucket-public-access-block-bucket",
    block_public_acls=True,
    block_public_policy=True,
    bucket=bucket.id,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)

bucket_server_side_encryption_configuration_bucket = aws.s3.BucketServerSideEncryptionConfiguration(
    "bucket-server-side-encryption-configuration-bucket",
    bucket=bucket.id,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
)

bucket_versioning_bucket = aws.s3.BucketVersioning(
    "bucket-versioning-bucket",
    bucket=bucket.id,
    versioning_configuration={"status": "Enabled"},
)
