//! The cloud that a state is of.

use super::Place;
use serde::{Deserialize, Serialize};
use std::fmt;

/// AWS, as [`Site::cloud`] calls it.
const AWS: &str = "aws";
/// The local cloud of the stack's own `.evstack`.
const LOCAL: &str = "local";

/// Which cloud a stack's resources are in. What is recorded of one says nothing of another: read
/// there, all of it would seem gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// `aws`; `local`, the one in the stack's own `.evstack`; or an endpoint's URL.
    pub cloud: String,
    /// The data folder of a local cloud that has one, whatever port serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// `us-east-1`.
    pub region: String,
    /// Twelve digits.
    pub account: String,
}

impl Site {
    /// AWS itself, or an endpoint. One of AWS's own host names (a VPC endpoint, FIPS) is AWS.
    #[must_use]
    pub fn of(place: &Place, endpoint: Option<&str>) -> Self {
        let cloud = endpoint.filter(|url| !is_aws(url)).unwrap_or(AWS);
        Self::new(cloud, None, place)
    }

    /// The local cloud of the stack's own `.evstack`.
    #[must_use]
    pub fn own(place: &Place, folder: String) -> Self {
        Self::new(LOCAL, Some(folder), place)
    }

    /// A local cloud that is served somewhere, perhaps from a folder.
    #[must_use]
    pub fn served(place: &Place, url: &str, folder: Option<String>) -> Self {
        Self::new(url, folder, place)
    }

    fn new(cloud: &str, folder: Option<String>, place: &Place) -> Self {
        Self {
            cloud: cloud.to_owned(),
            folder,
            partition: place.partition.clone(),
            region: place.region.clone(),
            account: place.account.clone(),
        }
    }

    /// Whether both are one cloud. A local cloud is its folder: whether it was emptied meanwhile, or
    /// made anew as another account, is not asked, since nothing of before can be anywhere else.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        if self.cloud == LOCAL && other.cloud == LOCAL {
            return true;
        }
        match (&self.folder, &other.folder) {
            (Some(one), Some(other)) => one == other,
            _ => self.cloud == other.cloud && self.has_same_account(other),
        }
    }

    /// Whether at most their addresses differ.
    #[must_use]
    pub fn has_same_account(&self, other: &Self) -> bool {
        (&self.partition, &self.region, &self.account) == (&other.partition, &other.region, &other.account)
    }

    /// Whether it is reached at a URL that somebody may have moved.
    #[must_use]
    pub fn is_endpoint(&self) -> bool {
        self.cloud != AWS && self.cloud != LOCAL
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cloud, folder, region, account, .. } = self;
        match (cloud.as_str(), folder) {
            (AWS, _) => write!(f, "AWS, account {account} in {region}"),
            (LOCAL, Some(folder)) => write!(f, "the local cloud in {folder}"),
            (LOCAL, None) => f.write_str("the stack's own local cloud"),
            (url, Some(folder)) => write!(f, "the local cloud in {folder}, served at {url}"),
            (url, None) => write!(f, "{url}, account {account} in {region}"),
        }
    }
}

/// Whether a URL's host is AWS's own.
fn is_aws(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split(':').next().unwrap_or(host).trim_end_matches('.').to_ascii_lowercase();
    [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|suffix| host.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(account: &str, region: &str) -> Place {
        Place {
            partition: "aws".to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            base_url: None,
        }
    }

    #[test]
    fn a_cloud_is_known_again_wherever_it_is_reached() {
        let (here, there) = (place("111111111111", "eu-west-1"), place("111111111111", "us-east-1"));
        let other = place("222222222222", "eu-west-1");
        let aws = |place: &Place| Site::of(place, None);
        let at = |url: &str| Site::of(&here, Some(url));
        let own = |place: &Place, folder: &str| Site::own(place, folder.to_owned());
        let served = |url: &str, folder: Option<&str>| Site::served(&here, url, folder.map(str::to_owned));
        for (one, two, same) in [
            (aws(&here), aws(&here), true),
            (aws(&here), aws(&there), false),
            (aws(&here), aws(&other), false),
            // Another door to AWS is no other cloud; somebody's own is one.
            (aws(&here), at("https://vpce-1.cloudcontrolapi.eu-west-1.vpce.amazonaws.com"), true),
            (aws(&here), at("https://user@CloudControlApi-FIPS.us-east-1.amazonaws.com.:443/x"), true),
            (aws(&here), at("https://amazonaws.com.example"), false),
            (at("http://127.0.0.1:1"), at("http://127.0.0.1:1"), true),
            (at("http://127.0.0.1:1"), at("http://127.0.0.1:2"), false),
            // A local cloud is its folder, whoever serves it where.
            (own(&here, "/a"), served("http://127.0.0.1:1", Some("/a")), true),
            (served("http://127.0.0.1:1", Some("/a")), served("http://127.0.0.1:2", Some("/a")), true),
            (served("http://127.0.0.1:1", Some("/a")), served("http://127.0.0.1:1", Some("/b")), false),
            (own(&here, "/a"), served("http://127.0.0.1:1", Some("/b")), false),
            (served("http://127.0.0.1:1", None), served("http://127.0.0.1:1", None), true),
            (served("http://127.0.0.1:1", None), served("http://127.0.0.1:2", None), false),
            // Its own is the stack's own, though the project moved, or it was made anew elsewhere.
            (own(&here, "/a"), own(&other, "/b"), true),
            (own(&here, "/a"), aws(&here), false),
        ] {
            assert_eq!(one.is(&two), same, "{one} / {two}");
            assert_eq!(two.is(&one), same, "{two} / {one}");
        }
    }
}
