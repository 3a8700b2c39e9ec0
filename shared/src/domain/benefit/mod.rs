//! Benefit programmes, such as a discount for students: what an org offers, who is enrolled, and what it
//! takes off a price.

mod apply;
mod discount;
mod enrollment;
mod program;

pub use apply::{Application, enroll};
pub use discount::{Discount, DiscountType, Entitlements};
pub use enrollment::{
    Benefits, Decision, Enrollment, EnrollmentRow, EnrollmentStatus, RowStatus, decide, erase_rows,
    of_customer, row_of, rows,
};
pub use program::{
    Audience, DiscountRule, DiscountRuleView, Program, ProgramId, ProgramStatus, Programs, list,
    save,
};
