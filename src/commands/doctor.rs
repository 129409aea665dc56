//! `bqcred doctor`: as whom every library here would act, why, and what to do about it.

use crate::app::App;
use crate::cli::Doctor;
use crate::doctor::{self, Library, Prediction, Surroundings};
use crate::output::error::{Kind, Result};
use crate::output::ui::{self, Output};

pub(crate) fn run(args: &Doctor, app: &App) -> Result<Output> {
    if args.offline && args.check.is_some() {
        return Err(doctor::needs_network());
    }
    let surroundings = Surroundings::gather(app, args.offline);
    let named: Vec<Library> = args.libraries.iter().flat_map(|word| word.0.clone()).collect();
    let asked = |library: &Library| named.is_empty() || named.contains(library);
    let predictions: Vec<Prediction> =
        Library::ALL.into_iter().filter(asked).map(|library| library.predict(&surroundings)).collect();
    let checked = args.check.clone().map(|target| doctor::check(app, &surroundings, target));
    ui::show(surroundings.take_notes());
    let (checked, unchecked) = match checked {
        Some(Err(error)) => (None, Some(ui::fail(&error))),
        checked => (checked.and_then(Result::ok), None),
    };
    let findings = doctor::findings(&surroundings, &predictions);
    let everywhere = predictions
        .iter()
        .filter(|prediction| !named.is_empty() || prediction.library.is_covered())
        .all(|prediction| prediction.is_you);
    let allowed = checked.as_ref().is_none_or(|checked| checked.missing.is_empty());
    let code = match (unchecked, everywhere && allowed, surroundings.is_refused()) {
        (Some(code), ..) => code,
        (None, true, _) => 0,
        (None, false, true) => Kind::Refused.code(),
        (None, false, false) => Kind::Other.code(),
    };
    let checked = checked.as_ref();
    let output = match args.json {
        true => Output::json(&doctor::json(&surroundings, &predictions, &findings, checked, everywhere)),
        false => {
            let steps = args.verbose || !named.is_empty();
            Output::for_people(&doctor::text(&surroundings, &predictions, &findings, checked, steps))
        }
    };
    Ok(output.with_code(code))
}
