//! Requests to SageMaker.

use super::deployable;
use super::properties;
use crate::domain::approval::ApprovalStatus;
use crate::domain::arn::ModelPackageArn;
use crate::domain::ids::ProjectId;
use crate::domain::ids::RunId;
use crate::ports::StoreError;
use crate::ports::model_registry::Leaf;
use crate::ports::model_registry::Listed;
use crate::ports::model_registry::NewPackage;
use crate::ports::model_registry::PackageRecord;
use crate::stores::aws::failure;
use crate::stores::aws::failure::Failure;
use crate::stores::aws::runtime::Aws;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::config::Config;
use aws_sdk_sagemaker::config::retry::RetryConfig;
use aws_sdk_sagemaker::error::ProvideErrorMetadata;
use aws_sdk_sagemaker::error::SdkError;
use aws_sdk_sagemaker::operation::describe_model_package::DescribeModelPackageOutput;
use aws_sdk_sagemaker::operation::update_model_package::builders::UpdateModelPackageFluentBuilder;
use aws_sdk_sagemaker::types::MetadataProperties;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use aws_sdk_sagemaker::types::ModelPackageSummary;
use std::collections::HashMap;
use std::time::Duration;

/// Of a request that must not happen twice. Between them we look.
const ATTEMPTS: u32 = 4;
/// Before the second one; doubled each time.
const PAUSE: Duration = Duration::from_millis(250);

pub struct Requests {
    aws: Aws,
    client: Client,
}

impl Requests {
    pub fn new(aws: Aws) -> Self {
        let client = Client::new(aws.config());
        Requests { aws, client }
    }

    /// `None`: there is no such package.
    pub fn describe(&self, arn: &ModelPackageArn) -> Result<Option<DescribeModelPackageOutput>, StoreError> {
        let request = self.client.describe_model_package().model_package_name(arn.as_str());
        match self.aws.wait(request.send()) {
            Ok(found) => Ok(Some(found)),
            Err(e) if is_absent(&e) => Ok(None),
            Err(e) => Err(failure::of(&format!("DescribeModelPackage {arn}"), e).into()),
        }
    }

    fn summaries(&self, group: &str) -> Result<Vec<ModelPackageSummary>, StoreError> {
        let request = self.client.list_model_packages().model_package_group_name(group);
        let mut pages = request.max_results(100).into_paginator().items().send();
        let mut all = Vec::new();
        while let Some(item) = self.aws.wait(pages.next()) {
            match item {
                Ok(item) => all.push(item),
                Err(e) if is_absent(&e) => return Ok(Vec::new()),
                Err(e) => return Err(failure::of(&format!("ListModelPackages {group}"), e).into()),
            }
        }
        Ok(all)
    }

    /// The package of a run, if it is there.
    pub fn of_run(&self, group: &str, run: &RunId) -> Result<Option<PackageRecord>, StoreError> {
        let wanted = properties::description(run);
        let mut arns = Vec::new();
        for summary in self.summaries(group)? {
            if summary.model_package_description() == Some(&wanted) {
                arns.extend(summary.model_package_arn().and_then(|arn| arn.parse::<ModelPackageArn>().ok()));
            }
        }
        // Of two, which only a server without client tokens would make, the first one.
        arns.sort_by_key(|arn| arn.version().parse::<u32>().unwrap_or(u32::MAX));
        let Some(arn) = arns.first() else { return Ok(None) };
        Ok(self.describe(arn)?.and_then(|found| properties::record(&found)))
    }

    /// In the order of the versions.
    pub fn statuses(&self, group: &str) -> Result<Vec<Listed>, StoreError> {
        let mut all = Vec::new();
        for summary in self.summaries(group)? {
            let ours = summary.model_package_description().is_some_and(|d| d.starts_with("mlprov run "));
            let arn = summary.model_package_arn().and_then(|arn| arn.parse::<ModelPackageArn>().ok());
            let status = properties::status(summary.model_approval_status());
            all.extend(arn.map(|arn| Listed { arn, status, ours }));
        }
        all.sort_by_key(|listed| listed.arn.version().parse::<u32>().unwrap_or(u32::MAX));
        Ok(all)
    }

    pub fn list(&self, group: &str) -> Result<Vec<PackageRecord>, StoreError> {
        let mut records = Vec::new();
        for listed in self.statuses(group)?.into_iter().filter(|listed| listed.ours) {
            records.extend(self.describe(&listed.arn)?.and_then(|found| properties::record(&found)));
        }
        Ok(records)
    }

    /// Groups that mlprov made for the project.
    pub fn groups(&self, project: &ProjectId) -> Result<Vec<String>, StoreError> {
        let mut pages =
            self.client.list_model_package_groups().max_results(100).into_paginator().items().send();
        let wanted = description_of_group(project);
        let mut names = Vec::new();
        while let Some(item) = self.aws.wait(pages.next()) {
            let group = item.map_err(|e| failure::of("ListModelPackageGroups", e))?;
            let ours = group.model_package_group_description() == Some(&wanted);
            names.extend(group.model_package_group_name().filter(|_| ours).map(str::to_owned));
        }
        Ok(names)
    }

    /// Makes the group, unless there is one, whoever made it.
    pub fn make_group(&self, group: &str, project: &ProjectId) -> Result<(), StoreError> {
        let look = || self.client.describe_model_package_group().model_package_group_name(group).send();
        match self.aws.wait(look()) {
            Ok(_) => return Ok(()),
            Err(e) if is_absent(&e) => {}
            Err(e) => return Err(failure::of(&format!("DescribeModelPackageGroup {group}"), e).into()),
        }
        let request = self.client.create_model_package_group().model_package_group_name(group);
        let request = request.model_package_group_description(description_of_group(project));
        match self.aws.wait(request.send()) {
            Ok(_) => Ok(()),
            // Another process may have made it just then, or this one, whose answer was lost.
            Err(e) => match self.aws.wait(look()) {
                Ok(_) => Ok(()),
                Err(_) => Err(failure::of(&format!("CreateModelPackageGroup {group}"), e).into()),
            },
        }
    }

    /// The run id is the client token: AWS makes one package of it, however often it is asked.
    pub fn create(
        &self,
        new: &NewPackage<'_>,
        known: &HashMap<String, String>,
    ) -> Result<PackageRecord, StoreError> {
        let what = format!("CreateModelPackage in {}", new.group);
        let remote = new.source.and_then(|source| source.remotes.first());
        let metadata = MetadataProperties::builder()
            .set_commit_id(new.source.map(|source| source.commit.to_string()))
            .set_repository(remote.map(|url| url.chars().take(1024).collect()))
            .generated_by(concat!("mlprov ", env!("CARGO_PKG_VERSION")))
            .project_id(new.project.to_string())
            .build();
        let specification = deployable::specification(new)?;
        let mut pause = PAUSE;
        for attempt in 1.. {
            let request = self
                .client
                .create_model_package()
                .model_package_group_name(new.group)
                .model_package_description(properties::description(new.run))
                .model_approval_status(ModelApprovalStatus::PendingManualApproval)
                .metadata_properties(metadata.clone())
                .set_customer_metadata_properties(Some(known.clone()))
                .set_inference_specification(specification.clone())
                .client_token(new.run.to_string());
            let once = Config::builder().retry_config(RetryConfig::disabled());
            let failed = match self.aws.wait(request.customize().config_override(once).send()) {
                Ok(_) => None,
                Err(e) => {
                    let busy = is_busy(&e);
                    Some((failure::of(&what, e), busy))
                }
            };
            // Also after a good answer: what is returned is what the registry has.
            match (self.of_run(new.group, new.run), failed) {
                (Ok(Some(record)), _) => return Ok(record),
                (_, Some((e, busy))) if attempt == ATTEMPTS || !(busy || e.is_unknown()) => {
                    return Err(e.into());
                }
                (Err(e), None) => return Err(e),
                (Ok(None), None) if attempt == ATTEMPTS => {
                    let why = "the package was made, and no list shows it".to_owned();
                    return Err(Failure::Unknown { what, why }.into());
                }
                _ => {}
            }
            std::thread::sleep(pause);
            pause *= 2;
        }
        Err(Failure::Unknown { what, why: "no attempt was made".to_owned() }.into())
    }

    pub fn decide(
        &self,
        arn: &ModelPackageArn,
        status: &ApprovalStatus,
        why: Option<&str>,
    ) -> Result<(), StoreError> {
        let found = self.describe(arn)?.ok_or_else(|| missing(arn))?;
        let request = self
            .update(&found, arn)
            .model_approval_status(ModelApprovalStatus::from(status.as_str()))
            // API reference: at most 1,024 characters.
            .set_approval_description(why.map(|why| why.chars().take(1024).collect()));
        self.send(request, arn)
    }

    /// The first entry that was written there stays: each clone may have a log of its own.
    ///
    /// The approval is left out, so that no decision is undone that somebody takes just then: AWS keeps what an update
    /// leaves out (API reference: nothing but the ARN is required). Of a server that clears it (moto 5.2.1), what was there
    /// is sent again; killed in between, a decision is lost there, which `verify` says.
    pub fn write_back(&self, leaf: &Leaf, record: &PackageRecord) -> Result<(), StoreError> {
        let arn = &record.arn;
        let before = self.describe(arn)?.ok_or_else(|| missing(arn))?;
        let mut all = before.customer_metadata_properties().cloned().unwrap_or_default();
        if properties::leaf(&all).is_some_and(|known| known.log != leaf.log || known.hash == leaf.hash) {
            return Ok(());
        }
        let stale = properties::not_of(leaf, &all);
        all.retain(|name, _| !stale.contains(name));
        all.extend(properties::of_leaf(leaf));
        if properties::record(&before).is_none() {
            all.extend(properties::of_record(record));
        }
        let request = self.client.update_model_package().model_package_arn(arn.as_str());
        let request = match stale.is_empty() {
            true => request,
            false => request.set_customer_metadata_properties_to_remove(Some(stale)),
        };
        self.send(request.set_customer_metadata_properties(Some(all)), arn)?;
        let after = self.describe(arn)?.ok_or_else(|| missing(arn))?;
        let lost = [
            before.model_approval_status().is_some() && after.model_approval_status().is_none(),
            before.approval_description().is_some() && after.approval_description().is_none(),
            before.inference_specification().is_some() && after.inference_specification().is_none(),
            before.source_uri().is_some() && after.source_uri().is_none(),
            before.model_life_cycle().is_some() && after.model_life_cycle().is_none(),
        ];
        if !lost.contains(&true) {
            return Ok(());
        }
        // What is there by now is newer than what was there before.
        let status = after.model_approval_status().or(before.model_approval_status());
        let request = self
            .update(&before, arn)
            .set_model_approval_status(status.cloned())
            .set_customer_metadata_properties(after.customer_metadata_properties().cloned());
        let request = match after.model_approval_status() {
            Some(_) => request.set_approval_description(after.approval_description().map(str::to_owned)),
            None => request,
        };
        self.send(request, arn)
    }

    fn send(
        &self,
        request: UpdateModelPackageFluentBuilder,
        arn: &ModelPackageArn,
    ) -> Result<(), StoreError> {
        let sent = self.aws.wait(request.send());
        sent.map(|_| ()).map_err(|e| failure::of(&format!("UpdateModelPackage {arn}"), e).into())
    }

    /// Sends back all that can be changed: moto forgets what an update leaves out, and of a decision the properties.
    fn update(
        &self,
        found: &DescribeModelPackageOutput,
        arn: &ModelPackageArn,
    ) -> UpdateModelPackageFluentBuilder {
        self.client
            .update_model_package()
            .model_package_arn(arn.as_str())
            .set_model_approval_status(found.model_approval_status().cloned())
            .set_approval_description(found.approval_description().map(str::to_owned))
            .set_customer_metadata_properties(found.customer_metadata_properties().cloned())
            .set_inference_specification(found.inference_specification().cloned())
            .set_source_uri(found.source_uri().map(str::to_owned))
            .set_model_life_cycle(found.model_life_cycle().cloned())
    }
}

fn missing(arn: &ModelPackageArn) -> StoreError {
    StoreError::Missing { what: format!("model package {arn}") }
}

fn description_of_group(project: &ProjectId) -> String {
    format!("mlprov project {project}")
}

/// SageMaker has no error of its own for what is not there: 400 ValidationException, and a text.
fn is_absent<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let SdkError::ServiceError(answer) = error else { return false };
    let message = answer.err().message().unwrap_or_default().to_lowercase();
    answer.raw().status().as_u16() < 500
        && answer.err().code() != Some("AccessDeniedException")
        && ["does not exist", "not found", "could not find"].iter().any(|text| message.contains(text))
}

fn is_busy<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let SdkError::ServiceError(answer) = error else { return false };
    answer.err().code().is_some_and(|code| code.starts_with("Throttling"))
}
