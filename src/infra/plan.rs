//! What differs between what shall be and what is, and the requests that it takes.

use super::description::Resource;
use super::documents::canonical;
use crate::ports::account::Aspect;
use crate::ports::account::Found;
use crate::ports::account::Kind;
use crate::ports::account::Name;
use crate::ports::account::Parts;
use crate::ports::account::Reading;
use crate::ports::account::Request;
use crate::ports::account::is_ours;
use serde::Serialize;
use serde_json::Value;

/// Prices are those of AWS's list when this was written.
const TRAIL_COSTS: &str = "CloudTrail delivers the first copy of management events free of charge, a further one (if another trail of \
    the account logs them already) not; data events are charged for each (USD 0.10 per 100,000), and S3 charges the storage of the logs: \
    see AWS's price list, https://aws.amazon.com/cloudtrail/pricing/";

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is not there.
    Create,
    /// It is there, and otherwise.
    Change,
    /// It is one of ours, and no longer wanted.
    Remove,
    /// As it shall be.
    Same,
    /// Only in the account: it is left alone.
    Others,
    /// The server knows no such thing: it stays without.
    Unsupported,
}

/// One property, as it is and as it shall be.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Difference {
    pub change: Change,
    pub resource: Name,
    /// `None`: the resource itself.
    pub property: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
}

/// One request.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    pub resource: Name,
    pub request: Request,
}

#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Plan {
    pub differences: Vec<Difference>,
    /// What it will cost, for who has to agree.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub costs: Vec<&'static str>,
    /// In this order.
    #[serde(skip)]
    pub steps: Vec<Step>,
}

impl Plan {
    /// Everything is as it shall be, as far as the server has it.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Those that something is to be done about.
    pub fn changes(&self) -> impl Iterator<Item = &Difference> {
        self.differences
            .iter()
            .filter(|d| matches!(d.change, Change::Create | Change::Change | Change::Remove))
    }
}

impl Difference {
    fn of(resource: &Resource, aspect: Option<(Aspect, &str)>, change: Change) -> Self {
        let property = aspect.map(|(aspect, part)| match part {
            "" => aspect.name().to_owned(),
            part => format!("{} {part}", aspect.name()),
        });
        Difference { change, resource: resource.name.clone(), property, from: None, to: None }
    }
}

/// `found`: of the same resources, in the same order.
pub fn plan<'a>(wanted: impl Iterator<Item = (&'a Resource, Option<Found>)>) -> Plan {
    let mut plan = Plan::default();
    for (resource, found) in wanted {
        let is_new = found.is_none();
        if is_new {
            plan.differences.push(Difference::of(resource, None, Change::Create));
            let request = Request::Create(resource.aspects.clone());
            plan.steps.push(Step { resource: resource.name.clone(), request });
        } else {
            plan.differences.push(Difference::of(resource, None, Change::Same));
        }
        let found = found.unwrap_or_default();
        // A key is tagged when it is made: one that others made is not to be taken for ours.
        let once = |aspect: &Aspect| resource.name.kind == Kind::Key && *aspect == Aspect::Tagging;
        for aspect in Aspect::ALL.into_iter().filter(|aspect| !aspect.is_given() && !once(aspect)) {
            plan.aspect(resource, aspect, found.get(&aspect));
        }
        // Whatever else is set of a trail that logs already costs nothing more.
        let starts = |step: &Step| {
            step.resource == resource.name
                && matches!(step.request, Request::Put(Aspect::Logging | Aspect::EventSelectors, _))
        };
        if resource.name.kind == Kind::Trail && plan.steps.iter().any(starts) {
            plan.costs.push(TRAIL_COSTS);
        }
    }
    plan
}

impl Plan {
    fn aspect(&mut self, resource: &Resource, aspect: Aspect, found: Option<&Reading>) {
        let none = Parts::new();
        let wanted = resource.aspects.get(&aspect);
        let found = match found {
            Some(Reading::Unsupported(why)) => {
                if wanted.is_some() {
                    let mut difference = Difference::of(resource, Some((aspect, "")), Change::Unsupported);
                    difference.from = Some(Value::from(why.as_str()));
                    self.differences.push(difference);
                }
                return;
            }
            Some(Reading::Set(parts)) => parts,
            None => &none,
        };
        let before = self.differences.len();
        for (part, to) in wanted.unwrap_or(&none) {
            let from = found.get(part);
            let change = match from {
                None => Change::Create,
                Some(from) if canonical(from) == canonical(to) => Change::Same,
                Some(_) => Change::Change,
            };
            let mut difference = Difference::of(resource, Some((aspect, part)), change);
            difference.from = from.filter(|_| change == Change::Change).cloned();
            difference.to = Some(to.clone());
            self.differences.push(difference);
        }
        for (part, from) in found.iter().filter(|(part, _)| !wanted.is_some_and(|w| w.contains_key(*part))) {
            // What has no parts, and is not wanted, is nobody's business here.
            let ours = aspect.has_parts() && is_ours(part);
            let change = if ours { Change::Remove } else { Change::Others };
            let mut difference = Difference::of(resource, Some((aspect, part)), change);
            difference.from = Some(from.clone());
            self.differences.push(difference);
        }
        let is_change = |d: &Difference| !matches!(d.change, Change::Same | Change::Others);
        if !aspect.is_fixed() && self.differences[before..].iter().any(is_change) {
            let parts = wanted.cloned().unwrap_or_default();
            let request = Request::Put(aspect, parts);
            self.steps.push(Step { resource: resource.name.clone(), request });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::description::Bucket;
    use crate::infra::description::Description;
    use crate::infra::description::Use;
    use serde_json::json;

    fn description() -> Description {
        Description {
            name: "shop".into(),
            buckets: vec![Bucket {
                name: "b".into(),
                uses: vec![(Use::Ledger, "t/".into()), (Use::Store, "t/".into())],
            }],
            object_lock: true,
            deletion_protection: true,
            tls: true,
            ..Description::default()
        }
    }

    fn of(description: &Description, found: Option<Found>) -> Plan {
        let resources = description.resources();
        plan(resources.iter().map(|resource| (resource, found.clone())))
    }

    /// An account that holds exactly what the description says.
    fn as_described(description: &Description) -> Found {
        let resource = description.resources().remove(0);
        resource.aspects.into_iter().map(|(aspect, parts)| (aspect, Reading::Set(parts))).collect()
    }

    fn done(plan: &Plan) -> Vec<Option<Aspect>> {
        let aspect = |step: &Step| match &step.request {
            Request::Create(_) => None,
            Request::Put(aspect, _) => Some(*aspect),
        };
        plan.steps.iter().map(aspect).collect()
    }

    #[test]
    fn of_an_empty_account_everything_is_made_in_order() {
        let all: Vec<Option<Aspect>> = std::iter::once(None).chain(Aspect::BUCKET.map(Some)).collect();
        assert_eq!(done(&of(&description(), None)), all);
        assert_eq!(of(&description(), None), of(&description(), None));
    }

    #[test]
    fn what_is_as_it_shall_be_takes_nothing() {
        let description = description();
        let plan = of(&description, Some(as_described(&description)));
        assert!(plan.is_empty() && plan.changes().count() == 0, "{plan:?}");
        assert!(plan.differences.iter().all(|d| d.change == Change::Same));
    }

    #[test]
    fn each_property_that_drifted_is_one_request() {
        let description = description();
        for aspect in Aspect::BUCKET {
            let sound = as_described(&description);
            let Some(Reading::Set(parts)) = sound.get(&aspect) else { panic!("{aspect:?}") };
            for part in parts.keys() {
                for drifted in [None, Some(json!("drifted"))] {
                    let (mut found, mut parts) = (sound.clone(), parts.clone());
                    match &drifted {
                        None => _ = parts.remove(part),
                        Some(value) => _ = parts.insert(part.clone(), value.clone()),
                    }
                    found.insert(aspect, Reading::Set(parts));
                    let plan = of(&description, Some(found));
                    assert_eq!(done(&plan), [Some(aspect)]);
                    let [difference] = &plan.changes().collect::<Vec<_>>()[..] else { panic!("{plan:?}") };
                    assert_eq!(difference.from, drifted);
                    let Some(Reading::Set(wanted)) = sound.get(&aspect) else { unreachable!() };
                    assert_eq!(difference.to.as_ref(), wanted.get(part));
                }
            }
        }
    }

    #[test]
    fn what_others_made_is_left_alone_and_what_we_no_longer_want_goes() {
        let mut description = description();
        let mut found = as_described(&description);
        let Some(Reading::Set(parts)) = found.get_mut(&Aspect::Policy) else { panic!() };
        parts.insert("Theirs".into(), json!({ "Effect": "Deny" }));
        let plan = of(&description, Some(found.clone()));
        assert!(plan.is_empty());
        assert_eq!(plan.differences.iter().filter(|d| d.change == Change::Others).count(), 1);
        description.deletion_protection = false;
        let plan = of(&description, Some(found));
        let [gone] = &plan.changes().collect::<Vec<_>>()[..] else { panic!("{plan:?}") };
        assert_eq!(
            (gone.change, gone.property.as_deref()),
            (Change::Remove, Some("policy statement MlprovKeepBucket"))
        );
        let [Step { request: Request::Put(Aspect::Policy, parts), .. }] = &plan.steps[..] else { panic!() };
        assert!(!parts.contains_key("MlprovKeepBucket") && !parts.contains_key("Theirs"));
    }

    #[test]
    fn a_lock_that_nobody_asked_for_and_what_a_server_has_not_take_nothing() {
        let with_lock = description();
        let without = Description { object_lock: false, ..with_lock.clone() };
        assert!(of(&without, Some(as_described(&with_lock))).is_empty());
        let mut found = as_described(&with_lock);
        found.insert(Aspect::Lifecycle, Reading::Unsupported("501".into()));
        let plan = of(&with_lock, Some(found));
        assert!(plan.is_empty());
        assert!(plan.differences.iter().any(|d| d.change == Change::Unsupported));
    }
}
