//! Where a request comes from, as far as it is looked at.

use serde::{Deserialize, Serialize};

/// A device, coarsely: browser and system, such as `Firefox on Linux`. What an owner recognises their own
/// devices by, and too little to follow anybody by. It is what the client says of itself, and proves
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Device(String);

impl Device {
    /// What a `User-Agent` header (RFC 9110 §10.1.5) says.
    pub fn of(user_agent: &str) -> Self {
        // Browsers claim to be each other: those that claim most come first.
        const BROWSERS: [(&str, &str); 8] = [
            ("Edg", "Edge"),
            ("OPR/", "Opera"),
            ("SamsungBrowser", "Samsung Internet"),
            ("Firefox", "Firefox"),
            ("FxiOS", "Firefox"),
            ("CriOS", "Chrome"),
            ("Chrome", "Chrome"),
            ("Safari", "Safari"),
        ];
        const SYSTEMS: [(&str, &str); 7] = [
            ("iPhone", "iOS"),
            ("iPad", "iPadOS"),
            ("Android", "Android"),
            ("Windows", "Windows"),
            ("Mac OS", "macOS"),
            ("CrOS", "ChromeOS"),
            ("Linux", "Linux"),
        ];
        let find = |names: &[(&str, &'static str)]| {
            let found = names.iter().find(|(mark, _)| user_agent.contains(mark));
            found.map(|(_, name)| *name)
        };
        Self(match (find(&BROWSERS), find(&SYSTEMS)) {
            (Some(browser), Some(system)) => format!("{browser} on {system}"),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => "unknown".to_owned(),
        })
    }

    /// As people read it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who asks to be let in, before it is known who they are.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The network address, as API Gateway saw it.
    pub ip: String,
    /// The device.
    pub device: Device,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_told_by_browser_and_system_and_nothing_finer() {
        for (user_agent, device) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
                "Safari on iOS",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("okhttp/4.12.0", "unknown"),
            ("Dalvik/2.1.0 (Linux; U; Android 15)", "Android"),
            ("<script>", "unknown"),
            ("", "unknown"),
        ] {
            assert_eq!(Device::of(user_agent).as_str(), device, "{user_agent}");
        }
    }
}
