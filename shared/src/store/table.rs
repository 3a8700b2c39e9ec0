//! Single-item reads and writes, and transactions.

use std::env;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsError, TransactWriteItemsOutput,
};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConsumedCapacity, ReturnConsumedCapacity, ReturnValue,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use super::error::Found;
use super::expression::Expression;
use super::retry::{Attempts, patiently};
use super::tenant::{Reach, TenantSessions};
use super::value::{Attributes, key_attributes};
use super::write::Action;
use super::{Condition, Entity, Key, StoreError, Stored, Update, Write, meter};
use crate::aws::Aws;

/// The table. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    /// With the function's own credentials; the same as `client` unless tenant isolation is on.
    own: Client,
    table: String,
}

pub(super) const TOTAL: ReturnConsumedCapacity = ReturnConsumedCapacity::Total;
const ALL_OLD: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;

impl Store {
    /// The table of this name. With tenant isolation, every call is made with the credentials of the org that it
    /// is bound to, and fails if it is bound to none: see [`super::on_behalf_of`].
    pub fn new(aws: &Aws, table: impl Into<String>) -> Self {
        let config = aws.sdk_config(aws.endpoints().dynamodb.as_ref());
        let own = Client::new(&config);
        let client = match aws.tenant_role() {
            Some(role) => {
                let sessions = TenantSessions::new(aws, role, Reach::Items);
                Client::from_conf(Builder::from(&config).identity_cache(sessions).build())
            }
            None => own.clone(),
        };
        Self {
            client,
            own,
            table: table.into(),
        }
    }

    /// The table with the function's own permissions. With tenant isolation they reach the orgs' settings
    /// and nothing else: whether an org exists is asked before anybody acts for it.
    pub(crate) fn as_function(&self) -> Self {
        Self {
            client: self.own.clone(),
            ..self.clone()
        }
    }

    /// The table named by `PORTICO_TABLE` (`portico` if unset).
    pub fn from_env(aws: &Aws) -> Self {
        Self::new(
            aws,
            env::var("PORTICO_TABLE").unwrap_or_else(|_| "portico".to_owned()),
        )
    }

    /// Asks for an item that is not there, so that a request finds the connection open and the client's code
    /// in memory. Any answer will do, a refusal too.
    pub async fn connect(&self) {
        // The settings of an org without a name, which a function may always ask for.
        let nothing = Key {
            pk: "#ORG".to_owned(),
            sk: "CONFIG".to_owned(),
        };
        let request = self.own.get_item().table_name(&self.table);
        if let Err(error) = request.set_key(Some(key_attributes(&nothing))).send().await {
            tracing::debug!(error = %StoreError::unavailable(&error), "no connection yet");
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn table(&self) -> &str {
        &self.table
    }

    /// One item, eventually consistent: half a read unit for 4 KB.
    pub async fn get<T: Entity>(&self, key: &Key) -> Result<Option<Stored<T>>, StoreError> {
        self.get_item(key, false).await
    }

    /// One item as of the last write that was answered: twice the price of [`Store::get`], for
    /// decisions about money that no condition re-checks.
    pub async fn get_consistent<T: Entity>(
        &self,
        key: &Key,
    ) -> Result<Option<Stored<T>>, StoreError> {
        self.get_item(key, true).await
    }

    /// One item that may have been written a moment ago: as [`Store::get`], and where that finds nothing,
    /// once more as [`Store::get_consistent`]. Who was just told of an order must not be told that there
    /// is none.
    pub async fn find<T: Entity>(&self, key: &Key) -> Result<Option<Stored<T>>, StoreError> {
        match self.get(key).await? {
            Some(found) => Ok(Some(found)),
            None => self.get_consistent(key).await,
        }
    }

    async fn get_item<T: Entity>(
        &self,
        key: &Key,
        consistent: bool,
    ) -> Result<Option<Stored<T>>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(key)))
            .consistent_read(consistent)
            .return_consumed_capacity(TOTAL)
            .send()
            .await
            .map_err(|error| StoreError::unavailable(&error))?;
        meter::count(units(output.consumed_capacity.as_ref()), 0.0);
        output.item.map(Stored::from_attributes).transpose()
    }

    /// One write. The answer of an update is the item as it now is; of any other write, nothing.
    ///
    /// A write that is sent again because its answer was lost may be refused for what it did itself. Where
    /// the item that it meets is the one that it was to leave, it is done.
    pub async fn write(&self, write: Write) -> Result<Option<Written>, StoreError> {
        let attempts = Attempts::default();
        match patiently(|| self.write_once(&write, &attempts)).await {
            Err(StoreError::ConditionFailed(found))
                if attempts.several() && write.is_done(found.0.as_ref()) =>
            {
                Ok(found.0.filter(|_| write.is_update()).map(Written))
            }
            done => done,
        }
    }

    async fn write_once(
        &self,
        write: &Write,
        attempts: &Attempts,
    ) -> Result<Option<Written>, StoreError> {
        let condition = write.condition.as_ref();
        match &write.action {
            Action::Put(item) => self
                .put_item(
                    item.clone().map_err(StoreError::Corrupt)?,
                    condition,
                    attempts,
                )
                .await
                .map(|()| None),
            Action::Update(update) => {
                self.update_item(&write.key, update, condition, attempts)
                    .await
            }
            Action::Delete => self
                .delete_item(&write.key, condition, attempts)
                .await
                .map(|()| None),
            Action::Check => {
                let check = write.to_transact_item(&self.table)?;
                self.transact_once(vec![check]).await.map(|()| None)
            }
        }
    }

    async fn put_item(
        &self,
        item: Attributes,
        condition: Option<&Condition>,
        attempts: &Attempts,
    ) -> Result<(), StoreError> {
        let mut expression = Expression::default();
        let condition = expression.optional(condition)?;
        let output = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .set_condition_expression(condition)
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values())
            .return_values_on_condition_check_failure(ALL_OLD)
            .return_consumed_capacity(TOTAL)
            .customize()
            .interceptor(attempts.clone())
            .send()
            .await
            .map_err(|error| match refusal(&error) {
                Some(PutItemError::ConditionalCheckFailedException(e)) => refused(e.item.clone()),
                Some(PutItemError::TransactionConflictException(_)) => StoreError::Contended,
                _ => StoreError::unavailable(&error),
            })?;
        meter::count(0.0, units(output.consumed_capacity.as_ref()));
        Ok(())
    }

    async fn update_item(
        &self,
        key: &Key,
        update: &Update,
        condition: Option<&Condition>,
        attempts: &Attempts,
    ) -> Result<Option<Written>, StoreError> {
        let mut expression = Expression::default();
        let condition = expression.optional(condition)?;
        let output = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(key)))
            .update_expression(update.render(&mut expression)?)
            .set_condition_expression(condition)
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values())
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ALL_OLD)
            .return_consumed_capacity(TOTAL)
            .customize()
            .interceptor(attempts.clone())
            .send()
            .await
            .map_err(|error| match refusal(&error) {
                Some(UpdateItemError::ConditionalCheckFailedException(e)) => {
                    refused(e.item.clone())
                }
                Some(UpdateItemError::TransactionConflictException(_)) => StoreError::Contended,
                _ => StoreError::unavailable(&error),
            })?;
        meter::count(0.0, units(output.consumed_capacity.as_ref()));
        Ok(output.attributes.map(Written))
    }

    async fn delete_item(
        &self,
        key: &Key,
        condition: Option<&Condition>,
        attempts: &Attempts,
    ) -> Result<(), StoreError> {
        let mut expression = Expression::default();
        let condition = expression.optional(condition)?;
        let output = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(key)))
            .set_condition_expression(condition)
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values())
            .return_values_on_condition_check_failure(ALL_OLD)
            .return_consumed_capacity(TOTAL)
            .customize()
            .interceptor(attempts.clone())
            .send()
            .await
            .map_err(|error| match refusal(&error) {
                Some(DeleteItemError::ConditionalCheckFailedException(e)) => {
                    refused(e.item.clone())
                }
                Some(DeleteItemError::TransactionConflictException(_)) => StoreError::Contended,
                _ => StoreError::unavailable(&error),
            })?;
        meter::count(0.0, units(output.consumed_capacity.as_ref()));
        Ok(())
    }

    /// One update, answered with the entity as it now is.
    pub async fn update<T: Entity>(&self, write: Write) -> Result<Stored<T>, StoreError> {
        match self.write(write).await? {
            Some(Written(item)) => Stored::from_attributes(item),
            None => Err(StoreError::Corrupt(
                "an update that answered no item".to_owned(),
            )),
        }
    }

    /// All of the writes or none of them, up to a hundred.
    ///
    /// The SDK gives each call a client token, which its retries send again: a transaction whose answer was
    /// lost happens once. One that was cancelled is a call of its own when it is made again.
    pub async fn transact(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let items: Result<Vec<_>, _> = writes
            .iter()
            .map(|write| write.to_transact_item(&self.table))
            .collect();
        let items = items?;
        patiently(|| self.transact_once(items.clone())).await
    }

    async fn transact_once(&self, items: Vec<TransactWriteItem>) -> Result<(), StoreError> {
        let output = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .return_consumed_capacity(TOTAL)
            .send()
            .await
            .map_err(|error| cancelled(&error))?;
        let TransactWriteItemsOutput {
            consumed_capacity, ..
        } = output;
        let consumed = consumed_capacity.unwrap_or_default();
        meter::count(0.0, consumed.iter().map(|c| units(Some(c))).sum());
        Ok(())
    }
}

/// The item that an update left.
#[derive(Debug)]
pub struct Written(Attributes);

pub(super) fn units(consumed: Option<&ConsumedCapacity>) -> f64 {
    consumed.and_then(|c| c.capacity_units).unwrap_or(0.0)
}

/// The service's own refusal. A write that a condition stopped still costs a write unit, which
/// DynamoDB does not report with the error.
fn refusal<E, R>(error: &SdkError<E, R>) -> Option<&E> {
    let service_error = error.as_service_error();
    if service_error.is_some() {
        meter::count(0.0, 1.0);
    }
    service_error
}

fn refused(item: Option<Attributes>) -> StoreError {
    StoreError::ConditionFailed(Box::new(Found(item)))
}

fn cancelled<R>(error: &SdkError<TransactWriteItemsError, R>) -> StoreError {
    match refusal(error) {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            reasons(cancelled.cancellation_reasons())
        }
        // Also while an earlier attempt of this call is still at work: it may yet take effect.
        _ => StoreError::unavailable(error),
    }
}

fn reasons(reasons: &[CancellationReason]) -> StoreError {
    let has = |code| reasons.iter().any(|reason| reason.code() == Some(code));
    if has("ConditionalCheckFailed") {
        let found = |reason: &CancellationReason| {
            (reason.code() == Some("ConditionalCheckFailed"))
                .then(|| Found(reason.item().filter(|item| !item.is_empty()).cloned()))
        };
        StoreError::Cancelled(reasons.iter().map(found).collect())
    } else if has("TransactionConflict") {
        StoreError::Contended
    } else if has("ThrottlingError") || has("ProvisionedThroughputExceeded") {
        StoreError::Throttled
    } else {
        let codes: Vec<_> = reasons
            .iter()
            .filter_map(CancellationReason::code)
            .collect();
        StoreError::Corrupt(format!(
            "a transaction that DynamoDB refuses: {}",
            codes.join(", ")
        ))
    }
}
