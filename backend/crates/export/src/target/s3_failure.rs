//! What an S3 service answers when it does not do what it is asked, in words.

use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};

use super::SinkFailure;

/// What the words speak of.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) bucket: String,
    pub(super) region: String,
    pub(super) endpoint: Option<String>,
}

/// What is known of an answer.
#[derive(Debug, Default)]
struct Answer {
    code: String,
    status: u16,
    /// The bucket's region, where the service tells it.
    region: Option<String>,
}

impl Place {
    fn service(&self) -> String {
        match &self.endpoint {
            Some(endpoint) => format!("the S3 service at {endpoint}"),
            None => format!("S3 in {}", self.region),
        }
    }

    /// `doing` completes "could not …".
    pub(super) fn failure<E>(&self, doing: &str, error: &SdkError<E, HttpResponse>) -> SinkFailure
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match error {
            SdkError::ConstructionFailure(_) => SinkFailure::lasting(format!(
                "could not {doing}: the request could not be made. {}",
                self.about_set_up(error)
            )),
            SdkError::TimeoutError(_) => self.slow(doing),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => self.slow(doing),
            SdkError::DispatchFailure(failure) if failure.is_io() => SinkFailure::passing(format!(
                "could not {doing}: {} cannot be reached; check EXPORT__S3__ENDPOINT_URL, the network and its proxy",
                self.service()
            )),
            SdkError::DispatchFailure(_) => {
                SinkFailure::lasting(format!("could not {doing}: {}", self.about_set_up(error)))
            }
            SdkError::ResponseError(_) => self.strange(doing, &Answer::of(error)),
            _ => match Answer::of(error) {
                answer if answer.status < 300 => self.strange(doing, &answer),
                answer => self.refused(doing, &answer),
            },
        }
    }

    fn slow(&self, doing: &str) -> SinkFailure {
        SinkFailure::passing(format!(
            "could not {doing}: {} took too long to answer; the export is tried again, and if this stays so look at the \
             network, or lower EXPORT__PARALLEL",
            self.service()
        ))
    }

    /// Credentials and regions are looked for when the first request is made.
    fn about_set_up<E: std::error::Error + 'static>(&self, error: &SdkError<E, HttpResponse>) -> String {
        let text = DisplayErrorContext(error).to_string().to_lowercase();
        if text.contains("region") && text.contains("missing") {
            return "no region is known; set EXPORT__S3__REGION to the bucket's".to_owned();
        }
        if text.contains("credential") || text.contains("token") || text.contains("profile") {
            let how = "set AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role; with SSO \
                       run `aws sso login`";
            return format!("no credentials could be loaded; {how}");
        }
        if text.contains("certificate") || text.contains("tls") {
            let service = self.service();
            return format!(
                "{service} has a certificate that is not trusted; install the authority's certificate on this machine, or \
                 correct EXPORT__S3__ENDPOINT_URL"
            );
        }
        format!("{} cannot be asked; check the section export.s3 of the configuration", self.service())
    }

    fn strange(&self, doing: &str, answer: &Answer) -> SinkFailure {
        let text = format!(
            "could not {doing}: {} answered (HTTP {}) with something that is not S3's; check that \
             EXPORT__S3__ENDPOINT_URL is the address of an S3 service, not of its web page",
            self.service(),
            answer.status
        );
        // A proxy's own page is strange too, and passes.
        SinkFailure { is_passing: answer.status >= 500, sentence: text }
    }

    fn refused(&self, doing: &str, answer: &Answer) -> SinkFailure {
        let bucket = &self.bucket;
        let lasting = |what: String| SinkFailure::lasting(format!("could not {doing}: {what}"));
        match (answer.code.as_str(), answer.status) {
            // An answer without a body has no code; objects that are not there do not come here.
            ("NoSuchBucket", _) | ("" | "NotFound", 404) => lasting(format!(
                "there is no bucket {bucket} at {}; make it, or correct EXPORT__S3__BUCKET (path style: \
                 EXPORT__S3__FORCE_PATH_STYLE)",
                self.service()
            )),
            ("ExpiredToken" | "TokenRefreshRequired" | "ExpiredTokenException" | "RequestExpired", _) => lasting(
                "the AWS credentials have expired; renew them (with SSO: `aws sso login`), then retry the export".to_owned(),
            ),
            ("InvalidAccessKeyId" | "InvalidToken" | "InvalidClientTokenId" | "NotSignedUp", _) => lasting(format!(
                "{} does not know the access key; check AWS_ACCESS_KEY_ID or the profile in AWS_PROFILE",
                self.service()
            )),
            ("SignatureDoesNotMatch", _) => lasting(
                "the signature is wrong; check AWS_SECRET_ACCESS_KEY, and EXPORT__S3__REGION where the service has regions"
                    .to_owned(),
            ),
            ("RequestTimeTooSkewed", _) => {
                lasting("this machine's clock is wrong by minutes; set it, for example by NTP".to_owned())
            }
            (
                "PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed"
                | "IllegalLocationConstraintException" | "IncorrectEndpoint",
                _,
            )
            | (_, 301 | 307) => {
                let right = answer.region.as_ref().map_or_else(
                    || "the bucket's region".to_owned(),
                    |region| format!("{region}, where the bucket is"),
                );
                lasting(format!("the bucket {bucket} is not in the region {}; set EXPORT__S3__REGION to {right}", self.region))
            }
            ("QuotaExceeded" | "XMinioStorageFull" | "StorageFull", _) | (_, 507) => SinkFailure::passing(format!(
                "could not {doing}: the storage behind the bucket {bucket} is full; make room there, and the export goes on"
            )),
            (
                "XAmzContentChecksumMismatch" | "XAmzContentSHA256Mismatch" | "InvalidDigest" | "BadDigest"
                | "NotImplemented" | "MissingContentLength",
                _,
            )
            | (_, 411 | 501) => lasting(format!(
                "{} does not take requests of this form ({}); set EXPORT__S3__CHECKSUMS to when_required, or to always where it \
                 is that already",
                self.service(),
                answer.named()
            )),
            ("SlowDown" | "ServiceUnavailable" | "Throttling" | "RequestLimitExceeded", _) | (_, 429 | 503) => {
                SinkFailure::passing(format!(
                    "could not {doing}: {} asks to slow down (HTTP {}); the export is tried again, and if this stays so lower \
                     EXPORT__PARALLEL",
                    self.service(),
                    answer.status
                ))
            }
            (_, status) if status >= 500 => SinkFailure::passing(format!(
                "could not {doing}: {} has a fault of its own ({}); the export is tried again",
                self.service(),
                answer.named()
            )),
            ("AccessDenied" | "AllAccessDisabled" | "AccountProblem", _) | (_, 401 | 403) => lasting(format!(
                "access to the bucket {bucket} is denied; the credentials need s3:GetObject, s3:PutObject, s3:DeleteObject, \
                 s3:AbortMultipartUpload, s3:ListBucket and s3:ListBucketMultipartUploads there, and the bucket's policy must allow them"
            )),
            _ => lasting(format!("{} refused it ({}); check the section export.s3", self.service(), answer.named())),
        }
    }
}

impl Answer {
    fn of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Self {
        let raw = error.raw_response();
        let header = |name| raw.and_then(|raw| raw.headers().get(name)).map(str::to_owned);
        Self {
            code: error.code().unwrap_or_default().to_owned(),
            status: raw.map_or(0, |raw| raw.status().as_u16()),
            region: header("x-amz-bucket-region"),
        }
    }

    fn named(&self) -> String {
        // The code is a word of the service; anything else stays out of sentences.
        let is_word = !self.code.is_empty() && self.code.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_word { format!("{}, HTTP {}", self.code, self.status) } else { format!("HTTP {}", self.status) }
    }
}
