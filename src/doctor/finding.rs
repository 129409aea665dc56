//! One thing to know: beside the identities of the libraries, or about what `--check` asked.

/// Something to know, and the command that helps.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// What it is about.
    pub(crate) code: FindingCode,
    /// A sentence for people, without a full stop.
    pub(crate) what: String,
    /// A command that fixes it, or asks for it to be fixed; `None` if none is known.
    pub(crate) fix: Option<String>,
}

/// What a finding is about. The names are the values of `code` in the JSON of `doctor --json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FindingCode {
    /// `unreachable`: Google could not be asked whether credentials are valid.
    Unreachable,
    /// `no_project`: Python's libraries find no project.
    NoProject,
    /// `starts_gcloud`: Python starts gcloud for each credential, which costs half a second.
    StartsGcloud,
    /// `quota_project`: a quota project is sent with each request.
    QuotaProject,
    /// `cached_sign_in`: a library keeps a sign-in of its own, of the profile's account or an unknown one.
    CachedSignIn,
    /// `cached_sign_in_of_another`: a library keeps a sign-in of its own, of another account.
    CachedSignInOfAnother,
    /// `readable_by_others`: other users of this machine can read a credential.
    ReadableByOthers,
    /// `no_bigquery_scope`: the credential lacks the scope for BigQuery.
    NoBigqueryScope,
    /// `no_drive_scope`: the credential lacks the scope for tables that are stored in Google Drive or Sheets.
    NoDriveScope,
    /// `no_certificates`: a variable names a file of certificates that does not exist.
    NoCertificates,
    /// `certificates_differ`: programs here trust different certificates.
    CertificatesDiffer,
    /// `clock`: this machine's clock is wrong.
    Clock,
    /// `kernelspec`: a kernelspec names another credential.
    Kernelspec,
    /// `running_kernel`: a running kernel uses another credential, or none.
    RunningKernel,
    /// `running_server`: a running Jupyter server starts kernels with another credential, or none.
    RunningServer,
    /// `running_cluster`: a running cluster of Dask, Ray or Spark uses another credential, or none.
    RunningCluster,
    /// `exported_token`: the credential is an access token alone, which is renewed, or not any more.
    ExportedToken,
    /// `no_credential`: a file of bqcred's in place of a credential says why there is none.
    NoCredential,
    /// `dataproc`: variables of Dataproc say who its sessions run as.
    Dataproc,
    /// `bigqueryrc`: bq's own settings decide who it runs as.
    Bigqueryrc,
    /// `r_profile`: code that R runs when it starts names what decides the identity.
    RProfile,
    /// `keyring_item`: the keyring holds a credential that no profile here uses.
    KeyringItem,
    /// The name of an IAM permission that is missing, such as `bigquery.jobs.create`.
    Permission(&'static str),
    /// `api_disabled`: the BigQuery API is not enabled in the project.
    ApiDisabled,
    /// `vpc_service_controls`: the organisation blocks requests from this network.
    VpcServiceControls,
    /// `refused`: BigQuery does not accept the access token.
    Refused,
    /// `project_not_found`: there is no such project, or it is not visible to this account.
    ProjectNotFound,
    /// `not_found`: there is no such dataset or table, or not in this location.
    NotFound,
    /// `billing`: the project has no billing account.
    Billing,
    /// `quota`: the project has used up a quota of BigQuery.
    Quota,
    /// `denied`: BigQuery refused for another reason.
    Denied,
}

impl Finding {
    /// A finding with its sentence and, where one is known, the command that fixes it.
    pub(crate) fn new(code: FindingCode, what: impl Into<String>, fix: Option<String>) -> Self {
        Finding { code, what: what.into(), fix }
    }
}

impl FindingCode {
    /// The word for programs, in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            FindingCode::Unreachable => "unreachable",
            FindingCode::NoProject => "no_project",
            FindingCode::StartsGcloud => "starts_gcloud",
            FindingCode::QuotaProject => "quota_project",
            FindingCode::CachedSignIn => "cached_sign_in",
            FindingCode::CachedSignInOfAnother => "cached_sign_in_of_another",
            FindingCode::ReadableByOthers => "readable_by_others",
            FindingCode::NoBigqueryScope => "no_bigquery_scope",
            FindingCode::NoDriveScope => "no_drive_scope",
            FindingCode::NoCertificates => "no_certificates",
            FindingCode::CertificatesDiffer => "certificates_differ",
            FindingCode::Clock => "clock",
            FindingCode::Kernelspec => "kernelspec",
            FindingCode::RunningKernel => "running_kernel",
            FindingCode::RunningServer => "running_server",
            FindingCode::RunningCluster => "running_cluster",
            FindingCode::ExportedToken => "exported_token",
            FindingCode::NoCredential => "no_credential",
            FindingCode::Dataproc => "dataproc",
            FindingCode::Bigqueryrc => "bigqueryrc",
            FindingCode::RProfile => "r_profile",
            FindingCode::KeyringItem => "keyring_item",
            FindingCode::Permission(name) => name,
            FindingCode::ApiDisabled => "api_disabled",
            FindingCode::VpcServiceControls => "vpc_service_controls",
            FindingCode::Refused => "refused",
            FindingCode::ProjectNotFound => "project_not_found",
            FindingCode::NotFound => "not_found",
            FindingCode::Billing => "billing",
            FindingCode::Quota => "quota",
            FindingCode::Denied => "denied",
        }
    }
}
