//! A bucket as sink, by the AWS SDK and its standard chain of credentials, at any S3-compatible service.

use std::{io::Write as _, time::Duration};

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_s3::{
    Client,
    config::{RequestChecksumCalculation, ResponseChecksumValidation, StalledStreamProtectionConfig},
    error::{ProvideErrorMetadata as _, SdkError},
    primitives::{ByteStream, Length},
    types::{CompletedMultipartUpload, CompletedPart},
};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Body, BodyWriter, ObjectKey, ObjectSink, SinkFailure, media_type, s3_failure::Place};

pub use aws_sdk_s3::config::Credentials as S3Credentials;

/// Which requests carry checksums beyond their signature. Many services that are not Amazon's refuse the newer ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksums {
    /// All at Amazon, none that is not required elsewhere.
    Auto,
    /// All.
    Always,
    /// Those that the protocol requires.
    WhenRequired,
}

/// Where the bucket is and how it is spoken to.
#[derive(Debug, Clone)]
pub struct S3Settings {
    /// The bucket.
    pub bucket: String,
    /// What all keys begin with: empty, or ending with a slash.
    pub prefix: String,
    /// The region; `None` for that of the environment, or `us-east-1` at another service.
    pub region: Option<String>,
    /// The address of a service that is not Amazon's.
    pub endpoint: Option<Url>,
    /// Whether the bucket stands in the path; `None` for yes at another service than Amazon's.
    pub path_style: Option<bool>,
    /// Checksums.
    pub checksums: Checksums,
    /// Whether an address without TLS may be used that is not this machine's.
    pub allow_http: bool,
    /// Objects of more bytes are sent in parts of so many; at least 5 MiB.
    pub part_bytes: u64,
    /// How long an answer may take.
    pub answer_within: Duration,
    /// How often a request is made again, and how long it waits at first.
    pub retries: (u32, Duration),
}

impl S3Settings {
    /// A bucket at Amazon, all else as usual.
    #[must_use]
    pub fn new(bucket: impl Into<String>) -> Self {
        Self {
            bucket: bucket.into(),
            prefix: String::new(),
            region: None,
            endpoint: None,
            path_style: None,
            checksums: Checksums::Auto,
            allow_http: false,
            part_bytes: 32 << 20,
            answer_within: Duration::from_secs(300),
            retries: (4, Duration::from_millis(500)),
        }
    }

    fn is_in_clear(&self) -> bool {
        let on_this_machine = |url: &Url| match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        self.endpoint.as_ref().is_some_and(|url| url.scheme() == "http" && !on_this_machine(url))
    }
}

/// A service that is there takes a connection within this time.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// A bucket, below a prefix.
#[derive(Debug, Clone)]
pub struct S3Sink {
    client: Client,
    settings: S3Settings,
    place: Place,
}

impl S3Sink {
    /// A sink; no request is made yet. `credentials` instead of the standard chain.
    ///
    /// # Errors
    /// A sentence, when the settings cannot be meant.
    pub async fn open(settings: S3Settings, credentials: Option<S3Credentials>) -> Result<Self, SinkFailure> {
        if settings.is_in_clear() && !settings.allow_http {
            return Err(SinkFailure::lasting(
                "EXPORT__S3__ENDPOINT_URL is http://, where health data would travel unencrypted and unchecked; use https://, \
                 or set EXPORT__S3__ALLOW_HTTP=true if the way there is safe otherwise",
            ));
        }
        let other = settings.endpoint.is_some();
        let (most, first) = settings.retries;
        let retries = RetryConfig::standard().with_max_attempts(most + 1).with_initial_backoff(first);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_WITHIN)
            .operation_attempt_timeout(settings.answer_within);
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .retry_config(retries)
            .timeout_config(timeouts.build());
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(credentials) = credentials {
            loader = loader.credentials_provider(credentials);
        }
        let common = loader.load().await;
        let region = match (common.region(), other) {
            (Some(region), _) => region.clone(),
            (None, true) => Region::new("us-east-1"),
            (None, false) => {
                return Err(SinkFailure::lasting(
                    "no region is known; set EXPORT__S3__REGION to the bucket's",
                ));
            }
        };
        let when_required = match settings.checksums {
            Checksums::Auto => other,
            Checksums::Always => false,
            Checksums::WhenRequired => true,
        };
        let mut config = aws_sdk_s3::config::Builder::from(&common)
            .region(region.clone())
            .force_path_style(settings.path_style.unwrap_or(other))
            .stalled_stream_protection(
                StalledStreamProtectionConfig::enabled().grace_period(Duration::from_secs(30)).build(),
            );
        if when_required {
            config = config
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
                .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        }
        if let Some(endpoint) = &settings.endpoint {
            config = config.endpoint_url(endpoint.as_str().trim_end_matches('/'));
        }
        let place = Place {
            bucket: settings.bucket.clone(),
            region: region.to_string(),
            // No name and password, should somebody have written them there.
            endpoint: settings.endpoint.as_ref().map(|url| url.origin().ascii_serialization()),
        };
        Ok(Self { client: Client::from_conf(config.build()), settings, place })
    }

    fn key(&self, key: &ObjectKey) -> String {
        format!("{}{key}", self.settings.prefix)
    }

    /// The bytes of `body` from `at` on, at most `length`.
    async fn piece(&self, body: &Body, at: u64, length: u64) -> Result<ByteStream, SinkFailure> {
        let within = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        match body {
            Body::Bytes(bytes) => Ok(ByteStream::from(bytes[within(at)..within(at + length)].to_vec())),
            Body::File(path, _) => ByteStream::read_from()
                .path(path)
                .offset(at)
                .length(Length::Exact(length))
                .build()
                .await
                .map_err(|_| SinkFailure::passing("the temporary file of an object cannot be read any more")),
        }
    }

    async fn put_whole(&self, key: &str, body: &Body, media: &str) -> Result<(), SinkFailure> {
        let request = self
            .client
            .put_object()
            .bucket(&self.settings.bucket)
            .key(key)
            .content_type(media)
            .content_length(i64::try_from(body.len()).unwrap_or(i64::MAX))
            .body(self.piece(body, 0, body.len()).await?);
        let outcome = request.send().await;
        outcome.map(drop).map_err(|error| self.place.failure("write an object", &error))
    }

    async fn put_in_parts(
        &self,
        (key, media): (&str, &str),
        body: &Body,
        stop: &CancellationToken,
    ) -> Result<(), SinkFailure> {
        let begun = self
            .client
            .create_multipart_upload()
            .bucket(&self.settings.bucket)
            .key(key)
            .content_type(media)
            .send()
            .await
            .map_err(|error| self.place.failure("begin a large object", &error))?;
        let id = begun.upload_id().unwrap_or_default().to_owned();
        let outcome = self.send_parts(key, &id, body, stop).await;
        if outcome.is_err() {
            self.abort(key, &id).await;
        }
        outcome
    }

    async fn send_parts(
        &self,
        key: &str,
        id: &str,
        body: &Body,
        stop: &CancellationToken,
    ) -> Result<(), SinkFailure> {
        let mut parts = Vec::new();
        let mut at = 0;
        // No more parts than the protocol has.
        let length = self.settings.part_bytes.max(body.len().div_ceil(10_000));
        while at < body.len() {
            let piece = length.min(body.len() - at);
            let number = i32::try_from(parts.len() + 1).unwrap_or(i32::MAX);
            let request = self
                .client
                .upload_part()
                .bucket(&self.settings.bucket)
                .key(key)
                .upload_id(id)
                .part_number(number)
                .content_length(i64::try_from(piece).unwrap_or(i64::MAX))
                .body(self.piece(body, at, piece).await?);
            let sent = tokio::select! {
                sent = request.send() => sent,
                () = stop.cancelled() => return Err(SinkFailure::stopped()),
            };
            let sent = sent.map_err(|error| self.place.failure("write a part of a large object", &error))?;
            parts.push(
                CompletedPart::builder()
                    .part_number(number)
                    .set_e_tag(sent.e_tag().map(str::to_owned))
                    .set_checksum_crc32(sent.checksum_crc32().map(str::to_owned))
                    .build(),
            );
            at += piece;
        }
        let all = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        self.client
            .complete_multipart_upload()
            .bucket(&self.settings.bucket)
            .key(key)
            .upload_id(id)
            .multipart_upload(all)
            .send()
            .await
            .map(drop)
            .map_err(|error| self.place.failure("complete a large object", &error))
    }

    async fn abort(&self, key: &str, id: &str) {
        let request =
            self.client.abort_multipart_upload().bucket(&self.settings.bucket).key(key).upload_id(id);
        if let Err(error) = request.send().await {
            // The next export looks for such parts before it begins.
            let failure = self.place.failure("remove the parts of an object", &error);
            tracing::warn!(%failure, "parts of an unfinished object stay in the bucket for now");
        }
    }
}

#[async_trait]
impl ObjectSink for S3Sink {
    async fn prepare(&self) -> Result<(), SinkFailure> {
        let (mut key_marker, mut id_marker) = (None, None);
        loop {
            let listed = self
                .client
                .list_multipart_uploads()
                .bucket(&self.settings.bucket)
                .prefix(&self.settings.prefix)
                .set_key_marker(key_marker)
                .set_upload_id_marker(id_marker)
                .send()
                .await;
            let listed = match listed {
                Ok(listed) => listed,
                // Some services do not keep this list; an abandoned upload is left to their own clean-up there.
                Err(error) if is_unknown(&error) => {
                    let there = self.client.head_bucket().bucket(&self.settings.bucket).send().await;
                    return there.map(drop).map_err(|error| self.place.failure("look at the bucket", &error));
                }
                Err(error) => return Err(self.place.failure("look at the bucket", &error)),
            };
            for upload in listed.uploads() {
                if let (Some(key), Some(id)) = (upload.key(), upload.upload_id())
                    && key.starts_with(&self.settings.prefix)
                {
                    self.abort(key, id).await;
                }
            }
            if listed.is_truncated() != Some(true) {
                return Ok(());
            }
            key_marker = listed.next_key_marker().map(str::to_owned);
            id_marker = listed.next_upload_id_marker().map(str::to_owned);
        }
    }

    async fn put(&self, key: &ObjectKey, body: &Body, stop: &CancellationToken) -> Result<(), SinkFailure> {
        if stop.is_cancelled() {
            return Err(SinkFailure::stopped());
        }
        let (path, media) = (self.key(key), media_type(key));
        if body.len() > self.settings.part_bytes * 2 {
            return self.put_in_parts((&path, media), body, stop).await;
        }
        tokio::select! {
            outcome = self.put_whole(&path, body, media) => outcome,
            () = stop.cancelled() => Err(SinkFailure::stopped()),
        }
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Body>, SinkFailure> {
        let request = self.client.get_object().bucket(&self.settings.bucket).key(self.key(key));
        let mut found = match request.send().await {
            Ok(found) => found.body,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(self.place.failure("read an object", &error)),
        };
        let mut copy = BodyWriter::default();
        let broken = || {
            SinkFailure::passing(
                "an object of the bucket broke off while it was read; the export is tried again",
            )
        };
        while let Some(piece) = found.try_next().await.map_err(|_| broken())? {
            copy.write_all(&piece).map_err(|error| SinkFailure::passing(no_room(&error)))?;
        }
        Ok(Some(copy.finish().map_err(|error| SinkFailure::passing(no_room(&error)))?.0))
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), SinkFailure> {
        // One by one: the request for many needs checksums that not every service takes.
        let request = self.client.delete_object().bucket(&self.settings.bucket).key(self.key(key));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(self.place.failure("remove an object", &error)),
        }
    }
}

fn no_room(error: &std::io::Error) -> String {
    format!("the folder for temporary files (TMPDIR) could not be written: {error}")
}

/// Whether there is no such object. Not every service says so by the same code, but a missing bucket is another matter.
fn is_absent<E: aws_sdk_s3::error::ProvideErrorMetadata>(
    error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>,
) -> bool {
    let status = error.raw_response().map_or(0, |raw| raw.status().as_u16());
    error.code() == Some("NoSuchKey") || status == 404 && matches!(error.code(), None | Some("NotFound"))
}

/// Whether the service does not know the request.
fn is_unknown<E: aws_sdk_s3::error::ProvideErrorMetadata>(
    error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>,
) -> bool {
    let status = error.raw_response().map_or(0, |raw| raw.status().as_u16());
    matches!(error.code(), Some("NotImplemented" | "MethodNotAllowed")) || matches!(status, 405 | 501)
}
