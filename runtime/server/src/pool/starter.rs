//! The pool as the repository knows it.

use std::sync::Arc;

use super::Pool;
use crate::model::Model;
use crate::repository::Starter;

impl Starter for Pool {
    fn prove(&self, model: &Arc<Model>) -> Result<(), String> {
        self.prove(model)
    }

    fn warm(&self, model: &Arc<Model>) -> Result<(), String> {
        self.warm(model)
    }

    fn keep(&self, model: &Arc<Model>) {
        self.keep(model)
    }

    fn retire(&self, id: u64) {
        self.retire(id)
    }
}
