//! The lines of README, as they are written there.

use std::process::Command;

use portico_tests::{World, root};

#[tokio::test(flavor = "multi_thread")]
async fn the_curl_lines_of_the_readme_work_when_they_are_pasted_in_order() {
    follow(&World::start().await).await;
}

/// Runs every line of the journey.
pub(crate) async fn follow(world: &World) {
    let mut script = Command::new("bash");
    script
        .arg(root().join("tests/readme-journey.sh"))
        .arg(world.platform.url())
        .env("NO_PROXY", "127.0.0.1");
    let output = tokio::task::spawn_blocking(move || script.output())
        .await
        .unwrap();
    let output = output.expect("bash is there");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    assert_eq!(
        said.matches("ok  ").count(),
        readme.matches("```bash journey").count(),
        "{said}"
    );
}
