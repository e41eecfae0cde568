//! A repository of CodeCommit. Only that it is there: what is in it is git's.

use super::AwsAccount;
use super::trouble;
use crate::ports::StoreError;
use crate::ports::account::Aspect;
use crate::ports::account::Found;
use crate::ports::account::Parts;
use crate::ports::account::Reading;
use aws_sdk_codecommit::Client;
use serde_json::json;

impl AwsAccount {
    pub(super) fn codecommit(&self) -> Result<Client, StoreError> {
        Ok(Client::new(self.config_of("CodeCommit")?))
    }

    pub(super) fn find_repository(&self, name: &str) -> Result<Option<Found>, StoreError> {
        let told = match self.aws.wait(self.codecommit()?.get_repository().repository_name(name).send()) {
            Ok(told) => told,
            Err(e) if e.as_service_error().is_some_and(|e| e.is_repository_does_not_exist_exception()) => {
                return Ok(None);
            }
            Err(e) => return Err(trouble::of("codecommit:GetRepository", &about(name), e)),
        };
        let url = told.repository_metadata().and_then(|repository| repository.clone_url_http());
        let url = url.map(|url| (String::new(), json!(url)));
        Ok(Some(Found::from([(Aspect::CloneUrl, Reading::Set(url.into_iter().collect::<Parts>()))])))
    }

    pub(super) fn create_repository(&self, name: &str) -> Result<(), StoreError> {
        match self.aws.wait(self.codecommit()?.create_repository().repository_name(name).send()) {
            Ok(_) => Ok(()),
            // An answer that was lost, or somebody who was faster.
            Err(e) if e.as_service_error().is_some_and(|e| e.is_repository_name_exists_exception()) => Ok(()),
            Err(e) => Err(trouble::of("codecommit:CreateRepository", &about(name), e)),
        }
    }
}

fn about(name: &str) -> String {
    format!("repository {name}")
}
