//! What else decides about what is served than image and model: environment, other data, other containers.
//!
//! Not here, because they change no answer: names and descriptions, host names, frameworks, content and instance types. Nor
//! are ETags: a wrong one lets a deployment fail.

use crate::domain::redact;
use aws_sdk_sagemaker::operation::describe_model_package::DescribeModelPackageOutput;
use aws_sdk_sagemaker::types::ModelCompressionType;
use aws_sdk_sagemaker::types::ModelDataSource;
use aws_sdk_sagemaker::types::ModelPackageContainerDefinition;
use aws_sdk_sagemaker::types::S3ModelDataSource;
use aws_sdk_sagemaker::types::S3ModelDataType;
use std::collections::BTreeMap;

/// By their places in the package (API reference, DescribeModelPackage), as `Containers.0.Environment.MODE`. Nothing where a
/// package has nothing of that.
pub fn of(found: &DescribeModelPackageOutput) -> BTreeMap<String, String> {
    let mut all = Settings::default();
    let containers = found.inference_specification().map(|what| what.containers()).unwrap_or_default();
    for (n, one) in containers.iter().enumerate() {
        // One that gets a model is compared by image and model.
        let whole = one.model_data_url().is_none() && one.model_data_source().is_none();
        all.container(&format!("Containers.{n}"), one, whole);
    }
    for (n, one) in found.additional_inference_specifications().iter().enumerate() {
        let at = format!("AdditionalInferenceSpecifications.{n}");
        all.put(&at, "Name", one.name());
        for (n, one) in one.containers().iter().enumerate() {
            all.container(&format!("{at}.Containers.{n}"), one, true);
        }
    }
    let algorithms = found.source_algorithm_specification().map(|what| what.source_algorithms());
    for (n, one) in algorithms.unwrap_or_default().iter().enumerate() {
        let at = format!("SourceAlgorithms.{n}");
        all.put(&at, "AlgorithmName", one.algorithm_name());
        all.model(&at, one.model_data_url(), one.model_data_source(), true);
    }
    all.0
}

#[derive(Default)]
struct Settings(BTreeMap<String, String>);

impl Settings {
    fn put(&mut self, at: &str, name: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.0.insert(format!("{at}.{name}"), value.to_owned());
        }
    }

    /// `whole`: with image and model.
    fn container(&mut self, at: &str, one: &ModelPackageContainerDefinition, whole: bool) {
        if whole {
            self.put(at, "Image", one.image());
            self.put(at, "ImageDigest", one.image_digest());
        }
        self.model(at, one.model_data_url(), one.model_data_source(), whole);
        for (name, value) in one.environment().into_iter().flatten() {
            // What is told of in a ledger, if only by a digest, is no secret any more.
            let (value, _) = redact::redact_value(name, value);
            self.0.insert(format!("{at}.Environment.{name}"), value);
        }
        if let Some(source) = one.additional_s3_data_source() {
            let at = format!("{at}.AdditionalS3DataSource");
            self.put(&at, "S3Uri", source.s3_uri());
            self.put(&at, "S3DataType", source.s3_data_type().map(|it| it.as_str()));
            self.put(&at, "CompressionType", source.compression_type().map(|it| it.as_str()));
        }
        for (n, source) in one.additional_model_data_sources().iter().enumerate() {
            let at = format!("{at}.AdditionalModelDataSources.{n}");
            self.put(&at, "ChannelName", source.channel_name());
            self.source(&at, source.s3_data_source(), true);
        }
        self.put(at, "ProductId", one.product_id());
        self.put(at, "IsCheckpoint", one.is_checkpoint().filter(|it| *it).map(|_| "true"));
        self.put(at, "ModelInput", one.model_input().and_then(|input| input.data_input_config()));
        if let Some(base) = one.base_model() {
            let at = format!("{at}.BaseModel");
            self.put(&at, "HubContentName", base.hub_content_name());
            self.put(&at, "HubContentVersion", base.hub_content_version());
            self.put(&at, "RecipeName", base.recipe_name());
        }
    }

    fn model(&mut self, at: &str, url: Option<&str>, source: Option<&ModelDataSource>, whole: bool) {
        if whole {
            self.put(at, "ModelDataUrl", url);
        }
        let source = source.and_then(|source| source.s3_data_source());
        // Beside a URL, which counts as the model.
        self.source(at, source, whole || source.is_some_and(|it| url.is_some() && url != it.s3_uri()));
    }

    /// `with_uri`: it is not told elsewhere.
    fn source(&mut self, at: &str, source: Option<&S3ModelDataSource>, with_uri: bool) {
        let Some(source) = source else { return };
        if with_uri {
            self.put(at, "ModelDataSource.S3Uri", source.s3_uri());
        }
        let kind = (source.s3_data_type(), source.compression_type());
        // That is what a URL alone means.
        if kind != (Some(&S3ModelDataType::S3Object), Some(&ModelCompressionType::Gzip)) {
            let words = [kind.0.map(|it| it.as_str()), kind.1.map(|it| it.as_str())];
            self.put(at, "ModelDataSource", Some(&words.map(|word| word.unwrap_or("-")).join(" ")));
        }
        self.put(at, "ModelDataSource.ManifestS3Uri", source.manifest_s3_uri());
        let hub = source.hub_access_config().and_then(|hub| hub.hub_content_arn());
        self.put(at, "ModelDataSource.HubContentArn", hub);
    }
}
