//! What makes a package deployable: an image, and the artefact that it gets.

use crate::domain::package::ArtefactForm;
use crate::ports::StoreError;
use crate::ports::model_registry::NewPackage;
use aws_sdk_sagemaker::types::InferenceSpecification;
use aws_sdk_sagemaker::types::ModelCompressionType;
use aws_sdk_sagemaker::types::ModelDataSource;
use aws_sdk_sagemaker::types::ModelPackageContainerDefinition;
use aws_sdk_sagemaker::types::S3ModelDataSource;
use aws_sdk_sagemaker::types::S3ModelDataType;

/// What a model takes and gives is not known: bytes.
const ANY: &str = "application/octet-stream";

/// `None`: no image was named, and nobody can deploy the package as it is.
pub fn specification(new: &NewPackage<'_>) -> Result<Option<InferenceSpecification>, StoreError> {
    let Some(image) = new.image else { return Ok(None) };
    let unfit = |why: String| StoreError::Unfit { what: image.to_string(), why };
    let artefact = new.artefact.ok_or_else(|| unfit("there is no artefact that it could run".to_owned()))?;
    let container = ModelPackageContainerDefinition::builder()
        .image(image.as_str())
        .set_image_digest(image.digest().map(str::to_owned));
    let container = match artefact.form {
        // SageMaker takes this for a prefix without being told that it is compressed.
        ArtefactForm::Directory => {
            let source = S3ModelDataSource::builder()
                .s3_uri(&artefact.uri)
                .s3_data_type(S3ModelDataType::S3Prefix)
                .compression_type(ModelCompressionType::None);
            let source = source.build();
            container.model_data_source(ModelDataSource::builder().s3_data_source(source).build())
        }
        _ => container.model_data_url(&artefact.uri),
    };
    let specification = InferenceSpecification::builder()
        .containers(container.build())
        .supported_content_types(ANY)
        .supported_response_mime_types(ANY);
    Ok(Some(specification.build()))
}
