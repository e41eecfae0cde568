"""What an mlprov project lies in (mlprov infra export)."""

import pulumi
import pulumi_aws as aws

key_log = aws.kms.Key(
    "key-log",
    customer_master_key_spec="ECC_NIST_EDWARDS25519",
    description="signs the checkpoints of an mlprov ledger",
    key_usage="SIGN_VERIFY",
    policy="{\"Statement\":[{\"Action\":\"kms:*\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::123456789012:root\"},\"Resource\":\"*\",\"Sid\":\"MlprovAccount\"}],\"Version\":\"2012-10-17\"}",
    tags={"mlprov:managed-by": "mlprov", "mlprov:project": "shop", "mlprov:project-id": "02aac00d-aa87-4a1e-a49d-b1839bfb0715"},
    opts=pulumi.ResourceOptions(protect=True),
)

bucket = aws.s3.Bucket(
    "bucket",
    bucket="mlprov-shop-123456789012-eu-central-1",
    tags={"mlprov:managed-by": "mlprov", "mlprov:project": "shop", "mlprov:project-id": "02aac00d-aa87-4a1e-a49d-b1839bfb0715"},
    opts=pulumi.ResourceOptions(protect=True),
)

bucket2 = aws.s3.Bucket(
    "bucket2",
    bucket="mlprov-trail-shop-123456789012-eu-central-1",
    tags={"mlprov:managed-by": "mlprov", "mlprov:project": "shop", "mlprov:project-id": "02aac00d-aa87-4a1e-a49d-b1839bfb0715"},
    opts=pulumi.ResourceOptions(protect=True),
)

repository_code = aws.codecommit.Repository(
    "repository-code",
    repository_name="shop",
)

policy_auditor = aws.iam.Policy(
    "policy-auditor",
    name="mlprov-shop-auditor",
    policy="{\"Statement\":[{\"Action\":[\"s3:ListBucket\",\"s3:ListBucketVersions\",\"s3:ListBucketMultipartUploads\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1\",\"Sid\":\"MlprovList1\"},{\"Action\":[\"s3:GetObject\",\"s3:GetObjectVersion\",\"s3:GetObjectAttributes\",\"s3:GetObjectVersionAttributes\"],\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/data/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/models/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/objects/*\"],\"Sid\":\"MlprovRead2\"},{\"Action\":[\"s3:GetBucketVersioning\",\"s3:GetBucketLocation\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1\",\"Sid\":\"MlprovAbout3\"},{\"Action\":[\"s3:GetBucketObjectLockConfiguration\",\"s3:GetBucketOwnershipControls\",\"s3:GetBucketPolicy\",\"s3:GetBucketPublicAccessBlock\",\"s3:GetBucketTagging\",\"s3:GetEncryptionConfiguration\",\"s3:GetLifecycleConfiguration\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1\",\"Sid\":\"MlprovSettings4\"},{\"Action\":[\"s3:ListBucket\",\"s3:ListBucketVersions\",\"s3:ListBucketMultipartUploads\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::mlprov-trail-shop-123456789012-eu-central-1\",\"Sid\":\"MlprovList5\"},{\"Action\":[\"s3:GetObject\",\"s3:GetObjectVersion\",\"s3:GetObjectAttributes\",\"s3:GetObjectVersionAttributes\"],\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:s3:::mlprov-trail-shop-123456789012-eu-central-1/AWSLogs/*\"],\"Sid\":\"MlprovRead6\"},{\"Action\":[\"s3:GetBucketVersioning\",\"s3:GetBucketLocation\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::mlprov-trail-shop-123456789012-eu-central-1\",\"Sid\":\"MlprovAbout7\"},{\"Action\":[\"s3:GetBucketObjectLockConfiguration\",\"s3:GetBucketOwnershipControls\",\"s3:GetBucketPolicy\",\"s3:GetBucketPublicAccessBlock\",\"s3:GetBucketTagging\",\"s3:GetEncryptionConfiguration\",\"s3:GetLifecycleConfiguration\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::mlprov-trail-shop-123456789012-eu-central-1\",\"Sid\":\"MlprovSettings8\"},{\"Action\":[\"cloudtrail:GetEventSelectors\",\"cloudtrail:GetTrail\",\"cloudtrail:GetTrailStatus\",\"cloudtrail:ListTags\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:cloudtrail:eu-central-1:123456789012:trail/mlprov-shop\",\"Sid\":\"MlprovTrail9\"},{\"Action\":\"cloudtrail:ListPublicKeys\",\"Effect\":\"Allow\",\"Resource\":\"*\",\"Sid\":\"MlprovKeys10\"},{\"Action\":[\"codecommit:GetRepository\",\"codecommit:GitPull\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:codecommit:eu-central-1:123456789012:shop\",\"Sid\":\"MlprovCode11\"},{\"Action\":[\"sagemaker:ListModelPackageGroups\",\"sagemaker:ListModelPackages\"],\"Effect\":\"Allow\",\"Resource\":\"*\",\"Sid\":\"MlprovModels12\"},{\"Action\":[\"sagemaker:DescribeModelPackage\",\"sagemaker:DescribeModelPackageGroup\",\"sagemaker:ListTags\"],\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:sagemaker:eu-central-1:123456789012:model-package-group/shop\",\"arn:aws:sagemaker:eu-central-1:123456789012:model-package/shop/*\"],\"Sid\":\"MlprovPackages13\"},{\"Action\":[\"iam:GetPolicy\",\"iam:GetPolicyVersion\"],\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:iam::123456789012:policy/mlprov-shop-reader\",\"arn:aws:iam::123456789012:policy/mlprov-shop-writer\",\"arn:aws:iam::123456789012:policy/mlprov-shop-publisher\",\"arn:aws:iam::123456789012:policy/mlprov-shop-auditor\"],\"Sid\":\"MlprovPolicies14\"},{\"Action\":[\"kms:DescribeKey\",\"kms:GetKeyPolicy\",\"kms:GetPublicKey\",\"kms:ListResourceTags\"],\"Condition\":{\"ForAnyValue:StringEquals\":{\"kms:ResourceAliases\":\"alias/mlprov-shop\"}},\"Effect\":\"Allow\",\"Resource\":\"arn:aws:kms:eu-central-1:123456789012:key/*\",\"Sid\":\"MlprovKey15\"}],\"Version\":\"2012-10-17\"}",
    tags={"mlprov:managed-by": "mlprov", "mlprov:project": "shop", "mlprov:project-id": "02aac00d-aa87-4a1e-a49d-b1839bfb0715"},
)

policy_publisher = aws.iam.Policy(
    "policy-publisher",
    name="mlprov-shop-publisher",
    policy="{\"Statement\":[{\"Action\":[\"s3:ListBucket\",\"s3:ListBucketVersions\",\"s3:ListBucketMultipartUploads\"],\"Condition\":{\"StringLikeIfExists\":{\"s3:prefix\":[\"*\"]}},\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1\",\"Sid\":\"MlprovList1\"},{\"Action\":[\"s3:GetObject\",\"s3:GetObjectVersion\",\"s3:GetObjectAttributes\",\"s3:GetObjectVersionAttributes\"],\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/data/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/models/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/objects/*\"],\"Sid\":\"MlprovRead2\"},{\"Action\":[\"s3:GetBucketVersioning\",\"s3:GetBucketLocation\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1\",\"Sid\":\"MlprovAbout3\"},{\"Action\":[\"s3:PutObject\",\"s3:AbortMultipartUpload\",\"s3:ListMultipartUploadParts\"],\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/data/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/commit/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/inbox/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/tile/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/models/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/objects/*\"],\"Sid\":\"MlprovAdd4\"},{\"Action\":[\"s3:DeleteObject\",\"s3:DeleteObjectVersion\"],\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/inbox/*\"],\"Sid\":\"MlprovInbox5\"},{\"Action\":\"s3:PutObject\",\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/checkpoint\"],\"Sid\":\"MlprovPublish6\"},{\"Action\":[\"codecommit:GetRepository\",\"codecommit:GitPull\",\"codecommit:GitPush\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:codecommit:eu-central-1:123456789012:shop\",\"Sid\":\"MlprovCode7\"},{\"Action\":[\"sagemaker:ListModelPackageGroups\",\"sagemaker:ListModelPackages\"],\"Effect\":\"Allow\",\"Resource\":\"*\",\"Sid\":\"MlprovModels8\"},{\"Action\":[\"sagemaker:DescribeModelPackage\",\"sagemaker:DescribeModelPackageGroup\",\"sagemaker:CreateModelPackage\",\"sagemaker:UpdateModelPackage\"],\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:sagemaker:eu-central-1:123456789012:model-package-group/shop\",\"arn:aws:sagemaker:eu-central-1:123456789012:model-package/shop/*\"],\"Sid\":\"MlprovPackages9\"},{\"Action\":[\"kms:DescribeKey\",\"kms:GetPublicKey\",\"kms:Sign\"],\"Condition\":{\"ForAnyValue:StringEquals\":{\"kms:ResourceAliases\":\"alias/mlprov-shop\"}},\"Effect\":\"Allow\",\"Resource\":\"arn:aws:kms:eu-central-1:123456789012:key/*\",\"Sid\":\"MlprovSign10\"}],\"Version\":\"2012-10-17\"}",
    tags={"mlprov:managed-by": "mlprov", "mlprov:project": "shop", "mlprov:project-id": "02aac00d-aa87-4a1e-a49d-b1839bfb0715"},
)

policy_reader = aws.iam.Policy(
    "policy-reader",
    name="mlprov-shop-reader",
    policy="{\"Statement\":[{\"Action\":[\"s3:ListBucket\",\"s3:ListBucketVersions\",\"s3:ListBucketMultipartUploads\"],\"Condition\":{\"StringLikeIfExists\":{\"s3:prefix\":[\"*\"]}},\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1\",\"Sid\":\"MlprovList1\"},{\"Action\":[\"s3:GetObject\",\"s3:GetObjectVersion\",\"s3:GetObjectAttributes\",\"s3:GetObjectVersionAttributes\"],\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/data/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/models/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/objects/*\"],\"Sid\":\"MlprovRead2\"},{\"Action\":[\"s3:GetBucketVersioning\",\"s3:GetBucketLocation\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1\",\"Sid\":\"MlprovAbout3\"},{\"Action\":[\"codecommit:GetRepository\",\"codecommit:GitPull\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:codecommit:eu-central-1:123456789012:shop\",\"Sid\":\"MlprovCode4\"},{\"Action\":[\"sagemaker:ListModelPackageGroups\",\"sagemaker:ListModelPackages\"],\"Effect\":\"Allow\",\"Resource\":\"*\",\"Sid\":\"MlprovModels5\"},{\"Action\":[\"sagemaker:DescribeModelPackage\",\"sagemaker:DescribeModelPackageGroup\"],\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:sagemaker:eu-central-1:123456789012:model-package-group/shop\",\"arn:aws:sagemaker:eu-central-1:123456789012:model-package/shop/*\"],\"Sid\":\"MlprovPackages6\"}],\"Version\":\"2012-10-17\"}",
    tags={"mlprov:managed-by": "mlprov", "mlprov:project": "shop", "mlprov:project-id": "02aac00d-aa87-4a1e-a49d-b1839bfb0715"},
)

policy_writer = aws.iam.Policy(
    "policy-writer",
    name="mlprov-shop-writer",
    policy="{\"Statement\":[{\"Action\":[\"s3:ListBucket\",\"s3:ListBucketVersions\",\"s3:ListBucketMultipartUploads\"],\"Condition\":{\"StringLikeIfExists\":{\"s3:prefix\":[\"*\"]}},\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1\",\"Sid\":\"MlprovList1\"},{\"Action\":[\"s3:GetObject\",\"s3:GetObjectVersion\",\"s3:GetObjectAttributes\",\"s3:GetObjectVersionAttributes\"],\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/data/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/models/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/objects/*\"],\"Sid\":\"MlprovRead2\"},{\"Action\":[\"s3:GetBucketVersioning\",\"s3:GetBucketLocation\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1\",\"Sid\":\"MlprovAbout3\"},{\"Action\":[\"s3:PutObject\",\"s3:AbortMultipartUpload\",\"s3:ListMultipartUploadParts\"],\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/data/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/commit/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/inbox/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/tile/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/models/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/objects/*\"],\"Sid\":\"MlprovAdd4\"},{\"Action\":[\"s3:DeleteObject\",\"s3:DeleteObjectVersion\"],\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/inbox/*\"],\"Sid\":\"MlprovInbox5\"},{\"Action\":[\"codecommit:GetRepository\",\"codecommit:GitPull\",\"codecommit:GitPush\"],\"Effect\":\"Allow\",\"Resource\":\"arn:aws:codecommit:eu-central-1:123456789012:shop\",\"Sid\":\"MlprovCode6\"},{\"Action\":[\"sagemaker:ListModelPackageGroups\",\"sagemaker:ListModelPackages\"],\"Effect\":\"Allow\",\"Resource\":\"*\",\"Sid\":\"MlprovModels7\"},{\"Action\":[\"sagemaker:DescribeModelPackage\",\"sagemaker:DescribeModelPackageGroup\",\"sagemaker:CreateModelPackage\"],\"Effect\":\"Allow\",\"Resource\":[\"arn:aws:sagemaker:eu-central-1:123456789012:model-package-group/shop\",\"arn:aws:sagemaker:eu-central-1:123456789012:model-package/shop/*\"],\"Sid\":\"MlprovPackages8\"}],\"Version\":\"2012-10-17\"}",
    tags={"mlprov:managed-by": "mlprov", "mlprov:project": "shop", "mlprov:project-id": "02aac00d-aa87-4a1e-a49d-b1839bfb0715"},
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

bucket_lifecycle_configuration_bucket2 = aws.s3.BucketLifecycleConfiguration(
    "bucket-lifecycle-configuration-bucket2",
    bucket=bucket2.id,
    rules=[{"abort_incomplete_multipart_upload": {"days_after_initiation": 7}, "filter": {"prefix": ""}, "id": "mlprov-uploads", "status": "Enabled"}],
)

bucket_ownership_controls_bucket = aws.s3.BucketOwnershipControls(
    "bucket-ownership-controls-bucket",
    bucket=bucket.id,
    rule={"object_ownership": "BucketOwnerEnforced"},
)

bucket_ownership_controls_bucket2 = aws.s3.BucketOwnershipControls(
    "bucket-ownership-controls-bucket2",
    bucket=bucket2.id,
    rule={"object_ownership": "BucketOwnerEnforced"},
)

bucket_policy_bucket = aws.s3.BucketPolicy(
    "bucket-policy-bucket",
    bucket=bucket.id,
    policy="{\"Statement\":[{\"Action\":\"s3:PutObject\",\"Condition\":{\"Bool\":{\"s3:ObjectCreationOperation\":\"true\"},\"Null\":{\"s3:if-none-match\":\"true\"}},\"Effect\":\"Deny\",\"Principal\":\"*\",\"Resource\":[\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/commit/*\"],\"Sid\":\"MlprovCommitOnce\"},{\"Action\":[\"s3:DeleteObject\",\"s3:DeleteObjectVersion\"],\"Effect\":\"Deny\",\"Principal\":\"*\",\"Resource\":[\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/commit/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/tile/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/ledger/checkpoint\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/data/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/models/*\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/objects/*\"],\"Sid\":\"MlprovKeep\"},{\"Action\":\"s3:DeleteBucket\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Resource\":\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1\",\"Sid\":\"MlprovKeepBucket\"},{\"Action\":\"s3:*\",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}},\"Effect\":\"Deny\",\"Principal\":\"*\",\"Resource\":[\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1\",\"arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/*\"],\"Sid\":\"MlprovTlsOnly\"}],\"Version\":\"2012-10-17\"}",
)

bucket_policy_bucket2 = aws.s3.BucketPolicy(
    "bucket-policy-bucket2",
    bucket=bucket2.id,
    policy="{\"Statement\":[{\"Action\":[\"s3:DeleteObject\",\"s3:DeleteObjectVersion\"],\"Effect\":\"Deny\",\"Principal\":\"*\",\"Resource\":[\"arn:aws:s3:::mlprov-trail-shop-123456789012-eu-central-1/AWSLogs/*\"],\"Sid\":\"MlprovKeep\"},{\"Action\":\"s3:DeleteBucket\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Resource\":\"arn:aws:s3:::mlprov-trail-shop-123456789012-eu-central-1\",\"Sid\":\"MlprovKeepBucket\"},{\"Action\":\"s3:*\",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}},\"Effect\":\"Deny\",\"Principal\":\"*\",\"Resource\":[\"arn:aws:s3:::mlprov-trail-shop-123456789012-eu-central-1\",\"arn:aws:s3:::mlprov-trail-shop-123456789012-eu-central-1/*\"],\"Sid\":\"MlprovTlsOnly\"},{\"Action\":\"s3:GetBucketAcl\",\"Condition\":{\"StringEquals\":{\"aws:SourceArn\":\"arn:aws:cloudtrail:eu-central-1:123456789012:trail/mlprov-shop\"}},\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"cloudtrail.amazonaws.com\"},\"Resource\":\"arn:aws:s3:::mlprov-trail-shop-123456789012-eu-central-1\",\"Sid\":\"MlprovTrailAcl\"},{\"Action\":\"s3:PutObject\",\"Condition\":{\"StringEquals\":{\"aws:SourceArn\":\"arn:aws:cloudtrail:eu-central-1:123456789012:trail/mlprov-shop\",\"s3:x-amz-acl\":\"bucket-owner-full-control\"}},\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"cloudtrail.amazonaws.com\"},\"Resource\":\"arn:aws:s3:::mlprov-trail-shop-123456789012-eu-central-1/AWSLogs/123456789012/*\",\"Sid\":\"MlprovTrailWrite\"}],\"Version\":\"2012-10-17\"}",
)

bucket_public_access_block_bucket = aws.s3.BucketPublicAccessBlock(
    "bucket-public-access-block-bucket",
    block_public_acls=True,
    block_public_policy=True,
    bucket=bucket.id,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)

bucket_public_access_block_bucket2 = aws.s3.BucketPublicAccessBlock(
    "bucket-public-access-block-bucket2",
    block_public_acls=True,
    block_public_policy=True,
    bucket=bucket2.id,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)

bucket_server_side_encryption_configuration_bucket = aws.s3.BucketServerSideEncryptionConfiguration(
    "bucket-server-side-encryption-configuration-bucket",
    bucket=bucket.id,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
)

bucket_server_side_encryption_configuration_bucket2 = aws.s3.BucketServerSideEncryptionConfiguration(
    "bucket-server-side-encryption-configuration-bucket2",
    bucket=bucket2.id,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
)

bucket_versioning_bucket = aws.s3.BucketVersioning(
    "bucket-versioning-bucket",
    bucket=bucket.id,
    versioning_configuration={"status": "Enabled"},
)

bucket_versioning_bucket2 = aws.s3.BucketVersioning(
    "bucket-versioning-bucket2",
    bucket=bucket2.id,
    versioning_configuration={"status": "Enabled"},
)

model_package_group_models = aws.sagemaker.ModelPackageGroup(
    "model-package-group-models",
    model_package_group_description="mlprov project 02aac00d-aa87-4a1e-a49d-b1839bfb0715",
    model_package_group_name="shop",
    tags={"mlprov:managed-by": "mlprov", "mlprov:project": "shop", "mlprov:project-id": "02aac00d-aa87-4a1e-a49d-b1839bfb0715"},
)

trail = aws.cloudtrail.Trail(
    "trail",
    enable_log_file_validation=True,
    enable_logging=True,
    event_selectors=[{"data_resources": [{"type": "AWS::S3::Object", "values": ["arn:aws:s3:::mlprov-shop-123456789012-eu-central-1/"]}], "include_management_events": True, "read_write_type": "All"}],
    include_global_service_events=True,
    is_multi_region_trail=True,
    name="mlprov-shop",
    s3_bucket_name=bucket2.id,
    tags={"mlprov:managed-by": "mlprov", "mlprov:project": "shop", "mlprov:project-id": "02aac00d-aa87-4a1e-a49d-b1839bfb0715"},
    opts=pulumi.ResourceOptions(depends_on=[bucket_policy_bucket2]),
)
