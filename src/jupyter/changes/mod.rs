//! What bqcred changes for Jupyter, and how it is undone. The commands call these in order: plan, apply, show.
//!
//! - [`install`]: assigning a profile to kernels; [`sync`]: assigning it again; [`undo`]: restoring the kernels
//! - [`kernel_profile`]: what a kernel gets from a profile
//! - [`given`]: whether a kernel gets the whole credential or access tokens only
//! - [`target`]: which file to write, so that the server reads it; [`obstacle`]: why none would do;
//!   [`detour`]: what works where a command keeps the credential off
//! - [`sharing`]: whom a change concerns besides the user, and whether it lasts
//! - [`record`]: which kernelspecs were changed
//! - [`state`], [`running`]: whether kernelspecs and running kernels are up to date; [`restart`]: what to do then

pub(crate) mod detour;
pub(crate) mod given;
pub(crate) mod install;
pub(crate) mod kernel_profile;
pub(crate) mod obstacle;
pub(crate) mod record;
pub(crate) mod restart;
pub(crate) mod running;
pub(crate) mod sharing;
pub(crate) mod state;
pub(crate) mod sync;
pub(crate) mod target;
pub(crate) mod undo;
