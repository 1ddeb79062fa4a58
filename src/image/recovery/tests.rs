use proptest::prelude::*;

use super::*;

const HASH: &str = "c7ba1e96a2e8a9e3b8b2d5a3bdd0ff6f3a3f3c6f7d0c9ab4a7a5c2bd1d0e4f9a";

fn entry(created_by: &str, comment: &str, author: &str) -> HistoryEntry {
    let recorded = |text: &str| (!text.is_empty()).then(|| text.replace("HASH", HASH));
    HistoryEntry {
        created_by: recorded(created_by),
        comment: recorded(comment),
        author: recorded(author),
        ..HistoryEntry::default()
    }
}

fn only(entry: HistoryEntry) -> Instruction {
    let mut recovered = recover(&[entry], &ImageConfig::default());
    recovered.pop().flatten().unwrap()
}

/// Checks builder and line of entries of one comment and author.
fn check(builder: Builder, comment: &str, author: &str, cases: &[(&str, &str)]) {
    for (created_by, line) in cases {
        let entry = entry(created_by, comment, author);
        let recorded = entry.created_by.clone().or(entry.comment.clone());
        // Not the last, so that nothing is mistaken for a committed container.
        let history = [HistoryEntry::default(), entry, HistoryEntry::default()];
        let recovered = recover(&history, &ImageConfig::default());
        let instruction = recovered[1].as_ref().unwrap();
        assert_eq!(instruction.line, *line, "{created_by:?}");
        assert_eq!(instruction.builder, builder, "{created_by:?}");
        assert_eq!(Some(&instruction.recorded), recorded.as_ref());
    }
}

#[test]
fn buildkit() {
    check(
        Builder::BuildKit,
        "buildkit.dockerfile.v0",
        "",
        &[
            ("RUN /bin/sh -c echo test # buildkit", "RUN echo test"),
            ("COPY README.md / # buildkit", "COPY README.md /"),
            (
                "COPY --chown=1:1 --parents a b /dst/ # buildkit",
                "COPY --chown=1:1 --parents a b /dst/",
            ),
            ("WORKDIR /app", "WORKDIR /app"),
            ("CMD [\"/bin/sh\"]", "CMD [\"/bin/sh\"]"),
            (
                "CMD [\"/bin/sh\" \"-c\" \"sleep 1\"]",
                "CMD [\"/bin/sh\", \"-c\", \"sleep 1\"]",
            ),
            ("ENV A=1", "ENV A=1"),
            ("ARG arg=value", "ARG arg=value"),
            ("VOLUME [/volume]", "VOLUME /volume"),
            ("EXPOSE [80/tcp]", "EXPOSE 80/tcp"),
            ("EXPOSE map[443/tcp:{} 80/tcp:{}]", "EXPOSE 443/tcp 80/tcp"),
            ("LABEL version=2", "LABEL version=2"),
            ("RUN |1 VERSION=1.2 /bin/sh -c make # buildkit", "RUN make"),
            ("RUN /usr/bin/make all # buildkit", "RUN /usr/bin/make all"),
            (
                "RUN /bin/sh -c echo '# buildkit' # buildkit",
                "RUN echo '# buildkit'",
            ),
            ("COPY <<name /dst # buildkit", "COPY <<name /dst"),
            ("RUN /dev/pipes/EOF # buildkit", "RUN <<EOF"),
            (
                "RUN /bin/sh -c apt-get update\ncat > x\n # buildkit",
                "RUN <<EOF apt-get update cat > x EOF",
            ),
            (
                "ADD alpine-minirootfs-3.20.3-x86_64.tar.gz / # buildkit",
                "ADD alpine-minirootfs 3.20.3 /",
            ),
            (
                "HEALTHCHECK &{[\"CMD-SHELL\" \"wget -q http://x\"] \"30s\" \"0s\" \"0s\" \"0s\" '\\x05'}",
                "HEALTHCHECK --interval=30s --retries=5 CMD wget -q http://x",
            ),
        ],
    );
    // A converter dropped the comment.
    check(
        Builder::BuildKit,
        "",
        "",
        &[("COPY a b # buildkit", "COPY a b")],
    );
}

#[test]
fn buildkit_operations() {
    check(
        Builder::BuildKitOperations,
        "buildkit.exporter.image.v0",
        "",
        &[
            (
                "mkdir /proc, mkfile /base/base.txt",
                "mkdir /proc, mkfile /base/base.txt",
            ),
            (
                "mount / from exec sh -eux -c \nmkdir /a\n",
                "RUN sh -eux -c mkdir /a",
            ),
        ],
    );
}

#[test]
fn classic() {
    check(
        Builder::Classic,
        "",
        "",
        &[
            (
                "/bin/sh -c apk add --no-cache \t\tca-certificates \t\tcurl",
                "RUN apk add --no-cache ca-certificates curl",
            ),
            (
                "/bin/sh -c #(nop) ADD file:HASH in / ",
                "ADD <file c7ba1e96> /",
            ),
            (
                "/bin/sh -c #(nop) ADD file:HASH in /",
                "ADD <file c7ba1e96> /",
            ),
            (
                "/bin/sh -c #(nop) COPY --chown=u:g dir:HASH in /my dir/ ",
                "COPY --chown=u:g <dir c7ba1e96> /my dir/",
            ),
            (
                "/bin/sh -c #(nop) COPY multi:HASH in ./ ",
                "COPY <multi c7ba1e96> ./",
            ),
            ("/bin/sh -c #(nop) WORKDIR /app", "WORKDIR /app"),
            (
                "/bin/bash -o pipefail -c #(nop) WORKDIR /app",
                "WORKDIR /app",
            ),
            (
                "/bin/sh -c echo \"#(nop) COPY\"",
                "RUN echo \"#(nop) COPY\"",
            ),
            ("/bin/sh -c #(nop) nothing", "RUN #(nop) nothing"),
            ("|0 /bin/sh -c make", "RUN make"),
            ("|1 A=b /usr/bin/make all", "RUN /usr/bin/make all"),
            ("|2 A=/bin/sh -c B= /bin/sh -c make", "RUN make"),
        ],
    );
    let two_blanks = [
        ("ENV A=1", "ENV A=1"),
        (
            "CMD [\"/bin/sh\" \"-c\" \"sleep 1\"]",
            "CMD [\"/bin/sh\", \"-c\", \"sleep 1\"]",
        ),
        ("ENTRYPOINT &{[\"/x\"]}", "ENTRYPOINT [\"/x\"]"),
        ("EXPOSE 80/tcp", "EXPOSE 80/tcp"),
        ("USER [nova]", "USER nova"),
        ("USER [anchore:anchore]", "USER anchore:anchore"),
        ("VOLUME [/data]", "VOLUME /data"),
        ("VOLUME [\"/a\" \"/b c\"]", "VOLUME [\"/a\", \"/b c\"]"),
        ("STOPSIGNAL SIGQUIT", "STOPSIGNAL SIGQUIT"),
        (
            "HEALTHCHECK &{[\"CMD-SHELL\" \"curl -f http://localhost:8228/health || exit 1\"] \"0s\" \"0s\" \"20s\" '\\x00'}",
            "HEALTHCHECK --start-period=20s CMD curl -f http://localhost:8228/health || exit 1",
        ),
    ];
    for (recorded, line) in two_blanks {
        let recorded = format!("/bin/sh -c #(nop)  {recorded}");
        check(Builder::Classic, "", "", &[(&recorded, line)]);
    }
}

#[test]
fn one_blank_was_docker_before_buildah_existed() {
    let mut old = entry("/bin/sh -c #(nop) CMD [\"sh\"]", "", "");
    assert_eq!(only(old.clone()).builder, Builder::Buildah);
    old.created = Some("2015-10-31T22:22:55.613815829Z".to_owned());
    assert_eq!(only(old).builder, Builder::Classic);
}

#[test]
fn buildah() {
    check(
        Builder::Buildah,
        "FROM 6e52ef1772c4",
        "",
        &[
            ("/bin/sh -c #(nop) ENV A=1", "ENV A=1"),
            (
                "/bin/sh -c #(nop) CMD [\"/bin/sh\",\"-c\",\"sleep 1\"]",
                "CMD [\"/bin/sh\", \"-c\", \"sleep 1\"]",
            ),
            (
                "/bin/sh -c #(nop) COPY file:HASH in /secret.env ",
                "COPY <file c7ba1e96> /secret.env",
            ),
            (
                "/bin/sh -c #(nop) COPY --link file:HASH in /a b/ ",
                "COPY --link <file c7ba1e96> /a b/",
            ),
            (
                "/bin/sh -c #(nop) COPY file:HASH in /a metadata",
                "COPY <file c7ba1e96> /a",
            ),
            ("/bin/sh -c true", "RUN true"),
            ("|1 V=1 /bin/sh -c make", "RUN make"),
        ],
    );
    check(
        Builder::Buildah,
        "",
        "",
        &[("/bin/sh -c #(nop) LABEL a=b", "LABEL a=b")],
    );
    check(
        Builder::Buildah,
        "FROM localhost/one:latest",
        "",
        &[("/bin/sh -c id", "RUN id")],
    );
}

#[test]
fn builders_that_sign_as_author() {
    check(
        Builder::Kaniko,
        "",
        "kaniko",
        &[
            ("RUN mkdir -p /root/example", "RUN mkdir -p /root/example"),
            ("ADD .scripts/ /root/.data/", "ADD .scripts/ /root/.data/"),
            ("RUN /bin/sh -c 'x'", "RUN /bin/sh -c 'x'"),
        ],
    );
    check(
        Builder::Jib,
        "extra files",
        "Jib",
        &[("jib-gradle-plugin:1.4.1", "JIB extra files")],
    );
    check(Builder::Jib, "", "Jib", &[("jib-core:null", "JIB layer")]);
    check(
        Builder::Ko,
        "go build output, at /ko-app/x",
        "ko",
        &[("ko build ko://x.org/x", "KO go build output, at /ko-app/x")],
    );
    check(
        Builder::BazelDocker,
        "",
        "Bazel",
        &[("bazel build ...", "BAZEL layer")],
    );
    check(
        Builder::BazelOci,
        "",
        "",
        &[("bazel build //app:layer", "BAZEL //app:layer")],
    );
    check(
        Builder::Apko,
        "This is an apko single-layer image",
        "apko",
        &[("apko", "APKO packages")],
    );
}

#[test]
fn buildpacks() {
    check(
        Builder::Buildpacks,
        "",
        "",
        &[
            (
                "Layer: 'jre', Created by buildpack: paketo-buildpacks/bellsoft-liberica@10.2.6",
                "BUILDPACK paketo-buildpacks/bellsoft-liberica@10.2.6: jre",
            ),
            (
                "Layer: 'curl', Created by extension: samples/curl@0.0.1",
                "EXTENSION samples/curl@0.0.1: curl",
            ),
            ("Application Layer", "APP"),
            ("Application Slice: 2", "APP slice 2"),
            ("Buildpacks Launcher Config", "BUILDPACK launcher config"),
            ("Buildpacks Application Launcher", "BUILDPACK launcher"),
            ("Buildpacks Process Types", "BUILDPACK process types"),
            ("Software Bill-of-Materials", "BUILDPACK bill of materials"),
        ],
    );
}

#[test]
fn nix_and_import_speak_in_comments() {
    let store = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz";
    let one = format!("store paths: ['{store}-glibc-2.37']");
    let two = format!("store paths: ['{store}-bash-5.2', '{store}-glibc-2.37']");
    check(Builder::Nix, &one, "", &[("", "NIX glibc-2.37")]);
    check(
        Builder::Nix,
        &two,
        "",
        &[("", "NIX 2 store paths: bash-5.2, glibc-2.37")],
    );
    check(
        Builder::Import,
        "Imported from -",
        "",
        &[("", "IMPORT <rootfs> (from -)")],
    );
    let message = only(entry("", "golden image", ""));
    assert_eq!(message.line, "IMPORT <rootfs> (golden image)");
    let squashed = format!("merge sha256:{HASH} to sha256:{HASH}");
    check(Builder::Unknown, &squashed, "", &[("", &squashed)]);
}

#[test]
fn ostree_needs_its_label_for_plain_words() {
    let commit = format!("ostree export of commit {HASH}");
    check(
        Builder::Ostree,
        "",
        "",
        &[(&commit, "OSTREE commit c7ba1e96")],
    );
    let history = [
        entry("Update to 42.20250301.0", "", ""),
        entry("bash", "", ""),
        entry("8 components", "", ""),
        entry("/bin/sh -c dnf install x", "", ""),
    ];
    let lines = |config: &ImageConfig| -> Vec<(Builder, String)> {
        let recovered = recover(&history, config).into_iter().flatten();
        recovered
            .map(|instruction| (instruction.builder, instruction.line))
            .collect()
    };
    let labelled = ImageConfig {
        labels: vec![("ostree.bootable".to_owned(), "true".to_owned())],
        ..ImageConfig::default()
    };
    let found = lines(&labelled);
    assert_eq!(
        found[0],
        (Builder::Ostree, "OSTREE Update to 42.20250301.0".to_owned())
    );
    assert_eq!(found[1], (Builder::Ostree, "OSTREE bash".to_owned()));
    assert_eq!(
        found[2],
        (Builder::Ostree, "OSTREE 8 components".to_owned())
    );
    assert_eq!(found[3], (Builder::Classic, "RUN dnf install x".to_owned()));
    assert!(
        lines(&ImageConfig::default())[..3]
            .iter()
            .all(|(builder, _)| *builder == Builder::Unknown)
    );
}

#[test]
fn a_commit_is_recognised_at_the_end_only() {
    let config = ImageConfig {
        cmd: vec![
            "nginx".to_owned(),
            "-g".to_owned(),
            "daemon off;".to_owned(),
        ],
        ..ImageConfig::default()
    };
    for (text, line) in [
        ("bash", "COMMIT bash"),
        ("/bin/sh", "COMMIT /bin/sh"),
        ("nginx -g daemon off;", "COMMIT nginx -g daemon off;"),
        ("make install", "make install"),
        (
            "/bin/sh echo something > last",
            "/bin/sh echo something > last",
        ),
    ] {
        let history = [entry(text, "", ""), entry(text, "my message", "me")];
        let recovered = recover(&history, &config);
        assert_eq!(recovered[0].as_ref().unwrap().line, text);
        assert_eq!(recovered[1].as_ref().unwrap().line, line);
    }
}

#[test]
fn distributions() {
    check(
        Builder::Debuerreotype,
        "debuerreotype 0.17",
        "",
        &[
            (
                "# debian.sh --arch 'amd64' out/ 'bookworm' '@1740355200'",
                "FROM-ROOTFS debian bookworm amd64 (snapshot 2025-02-24)",
            ),
            ("# debian.sh odd", "# debian.sh odd"),
            ("CMD [\"bash\"]", "CMD [\"bash\"]"),
        ],
    );
    check(
        Builder::Alpine,
        "",
        "",
        &[(
            "ADD alpine-minirootfs-3.20.3-x86_64.tar.gz /",
            "ADD alpine-minirootfs 3.20.3 /",
        )],
    );
    check(
        Builder::Kiwi,
        "",
        "Fedora Project",
        &[("KIWI 10.2.19", "KIWI rootfs")],
    );
    check(
        Builder::WindowsBase,
        "",
        "",
        &[
            (
                "Apply image 10.0.20348.4294",
                "FROM-ROOTFS windows 10.0.20348.4294",
            ),
            ("Install update 10.0.20348.4297", "UPDATE 10.0.20348.4297"),
        ],
    );
    check(
        Builder::Crane,
        "",
        "",
        &[("crane flatten sha256:ab", "crane flatten sha256:ab")],
    );
}

#[test]
fn red_hat_squashes() {
    let marker = "/bin/sh -c rm -f '/etc/yum.repos.d/a.repo' '/etc/yum.repos.d/b.repo'";
    check(
        Builder::RedHat,
        "",
        "Red Hat, Inc.",
        &[
            (marker, "RED HAT build (squashed)"),
            ("/bin/sh -c yum install x", "RUN yum install x"),
            ("/bin/sh -c #(nop)  USER [nova]", "USER nova"),
        ],
    );
    check(
        Builder::RedHat,
        "",
        "",
        &[(marker, "RED HAT build (squashed)")],
    );
    let text = only(entry(marker, "", "")).text;
    assert_eq!(
        text,
        "RUN rm -f '/etc/yum.repos.d/a.repo' '/etc/yum.repos.d/b.repo'"
    );
}

#[test]
fn windows() {
    check(
        Builder::ClassicWindows,
        "",
        "",
        &[
            ("cmd /S /C #(nop)  ENV X=1", "ENV X=1"),
            (
                "cmd /S /C #(nop) COPY file:HASH in C:\\app ",
                "COPY <file c7ba1e96> C:\\app",
            ),
            ("cmd /S /C dir C:\\", "RUN dir C:\\"),
            (
                "cmd /S /C powershell -Command Get-Item",
                "RUN powershell -Command Get-Item",
            ),
            (
                "powershell -Command $ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue'; Get-Item x",
                "RUN Get-Item x",
            ),
            (
                "powershell -Command $ErrorActionPreference = 'Stop'; #(nop) WORKDIR C:\\",
                "WORKDIR C:\\",
            ),
        ],
    );
    check(
        Builder::BuildKit,
        "buildkit.dockerfile.v0",
        "",
        &[("RUN cmd /S /C echo x # buildkit", "RUN echo x")],
    );
}

fn lines(history: &[HistoryEntry], config: &ImageConfig) -> Vec<String> {
    let recovered = recover(history, config);
    let lines = recovered.into_iter();
    lines
        .map(|instruction| instruction.unwrap_or_default().line)
        .collect()
}

#[test]
fn a_shell_changes_what_follows() {
    let pipefail = "/bin/bash -o pipefail -c";
    for (shell, line) in [
        (
            "[/bin/bash -o pipefail -c]",
            "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]",
        ),
        (
            "[\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]",
            "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]",
        ),
    ] {
        let history = [
            entry(&format!("RUN {pipefail} a # buildkit"), "", ""),
            entry(&format!("SHELL {shell}"), "buildkit.dockerfile.v0", ""),
            entry(&format!("RUN {pipefail} b # buildkit"), "", ""),
            entry(&format!("RUN |1 A=1 2 {pipefail} c # buildkit"), "", ""),
            entry(&format!("{pipefail} d | e"), "", ""),
            entry(&format!("{pipefail} #(nop)  ENV A=1"), "", ""),
            entry("RUN /bin/ash -c f # buildkit", "", ""),
        ];
        assert_eq!(
            lines(&history, &ImageConfig::default()),
            [
                "RUN /bin/bash -o pipefail -c a",
                line,
                "RUN b",
                "RUN c",
                "RUN d | e",
                "ENV A=1",
                "RUN /bin/ash -c f",
            ]
        );
    }
}

#[test]
fn the_final_shell_restores_borders() {
    let words = ["powershell", "-Command", "$ErrorActionPreference = 'Stop';"];
    let config = ImageConfig {
        shell: words.map(str::to_owned).to_vec(),
        ..ImageConfig::default()
    };
    let joined = words.join(" ");
    let expected = "SHELL [\"powershell\", \"-Command\", \"$ErrorActionPreference = 'Stop';\"]";
    let history = [
        entry(&format!("cmd /S /C #(nop)  SHELL [{joined}]"), "", ""),
        entry(&format!("{joined} Get-Item x"), "", ""),
    ];
    assert_eq!(lines(&history, &config), [expected, "RUN Get-Item x"]);
    assert_eq!(
        lines(&history, &ImageConfig::default()),
        [expected, "RUN Get-Item x"]
    );
}

#[test]
fn arguments_are_kept_beside_the_line() {
    for text in [
        "|3 EMPTY= TITLE=My great app=1 ZED=a b /bin/sh -c make && echo /bin/sh -c x",
        "RUN |3 EMPTY= TITLE=My great app=1 ZED=a b /bin/sh -c make && echo /bin/sh -c x # buildkit",
    ] {
        let instruction = only(entry(text, "", ""));
        assert_eq!(instruction.line, "RUN make && echo /bin/sh -c x");
        let [empty, title, rest] = instruction.arguments.as_slice() else {
            panic!("{:?}", instruction.arguments);
        };
        assert_eq!(empty, &("EMPTY".to_owned(), String::new()));
        // An argument that looks like another one cannot be told apart.
        assert_eq!(title, &("TITLE".to_owned(), "My great".to_owned()));
        assert_eq!(rest, &("app".to_owned(), "1 ZED=a b".to_owned()));
    }
    for hopeless in [
        "|9 A=b /bin/sh -c x",
        "|1 /bin/sh -c x",
        "|99999 A=b x",
        "|2 A=1",
    ] {
        let instruction = only(entry(hopeless, "", ""));
        assert!(instruction.arguments.is_empty());
        assert!(instruction.line.ends_with(hopeless), "{}", instruction.line);
    }
}

#[test]
fn text_keeps_line_breaks_and_tabs() {
    let instruction = only(entry(
        "RUN /bin/sh -c set -eux; \tapt-get update; # buildkit",
        "",
        "",
    ));
    assert_eq!(instruction.text, "RUN set -eux; \tapt-get update;");
    let script = only(entry("RUN /bin/sh -c a\n\tb\n # buildkit", "", ""));
    assert_eq!(script.text, "RUN <<EOF\na\n\tb\nEOF");
    assert_eq!(script.line, "RUN <<EOF a b EOF");
    let jib = only(entry("jib-maven-plugin:3", "classes", "Jib"));
    assert_eq!(jib.text, "JIB classes\njib-maven-plugin:3\nclasses");
}

#[test]
fn silent_entries_have_no_instruction() {
    let blank = HistoryEntry {
        created: Some("1980-01-01T00:00:01Z".to_owned()),
        created_by: Some("  ".to_owned()),
        comment: Some(String::new()),
        ..HistoryEntry::default()
    };
    let recovered = recover(&[HistoryEntry::default(), blank], &ImageConfig::default());
    assert_eq!(recovered, [None, None]);
}

#[test]
fn huge_and_hostile_text_is_kept() {
    let huge = format!(
        "/bin/sh -c echo {}",
        "A=b ' \u{202E}\x1b[31m".repeat(100_000)
    );
    let instruction = only(entry(&huge, "", ""));
    assert!(instruction.line.len() > 1_000_000);
    assert_eq!(instruction.recorded, huge);
    assert!(!instruction.title().is_empty());
    let copy = format!("COPY {}", "--a ".repeat(1_000_000));
    assert_eq!(only(entry(&copy, "", "")).line.len(), copy.len() - 1);
    let argument = format!("|9999 {}", "A=b ".repeat(1_000_000));
    assert_eq!(only(entry(&argument, "", "")).keyword, Keyword::Run);
}

fn glance(only_file: Option<&str>, top_names: &[&str]) -> LayerGlance {
    LayerGlance {
        only_file: only_file.map(|path| path.as_bytes().to_vec()),
        top_names: top_names
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect(),
    }
}

#[test]
fn contents_name_what_a_hash_hides() {
    let root = ["bin", "dev", "etc", "home", "root", "tmp", "usr", "var"];
    let nop = "/bin/sh -c #(nop) ";
    for (text, glance, line) in [
        (
            "COPY file:HASH in /usr/local/bin/ ",
            glance(Some("usr/local/bin/entry.sh"), &["usr"]),
            "COPY entry.sh /usr/local/bin/",
        ),
        (
            "COPY --chown=u:g file:HASH in / ",
            glance(Some("hello"), &["hello"]),
            "COPY --chown=u:g hello /",
        ),
        (
            "COPY file:HASH in /secret.env ",
            glance(Some("secret.env"), &["secret.env"]),
            "COPY <file c7ba1e96> /secret.env",
        ),
        (
            "COPY dir:HASH in /app ",
            glance(Some("app/x"), &["app"]),
            "COPY <dir c7ba1e96> /app",
        ),
        (
            "ADD file:HASH in /app/ ",
            glance(Some("app/x"), &["app"]),
            "ADD <file c7ba1e96> /app/",
        ),
        ("ADD file:HASH in / ", glance(None, &root), "ADD <rootfs> /"),
        (
            "ADD file:HASH in / ",
            glance(None, &["usr"]),
            "ADD <file c7ba1e96> /",
        ),
        (
            "ADD file:HASH in /jail ",
            glance(None, &root),
            "ADD <file c7ba1e96> /jail",
        ),
    ] {
        let mut instruction = only(entry(&format!("{nop}{text}"), "", ""));
        instruction.refine(&glance);
        assert_eq!(instruction.line, line);
        assert_eq!(instruction.text, line);
    }
    let mut bazel = only(entry("bazel build ...", "", "Bazel"));
    bazel.refine(&glance(None, &["app", "etc", "lib", "usr", "var"]));
    assert_eq!(bazel.line, "BAZEL layer: app, etc, lib +2");
}

#[test]
fn titles_shorten_runs_only() {
    let install = only(entry(
        "/bin/sh -c apt-get update && apt-get install -y a b c",
        "",
        "",
    ));
    assert_eq!(install.title(), "RUN apt-get install a +2");
    let environment = only(entry(
        "ENV A=apt-get install x",
        "buildkit.dockerfile.v0",
        "",
    ));
    assert_eq!(environment.title(), environment.line);
}

#[test]
fn keywords_and_operands() {
    let copy = only(entry("COPY a  b # buildkit", "", ""));
    assert_eq!((copy.keyword, copy.operand()), (Keyword::Copy, "a b"));
    let other = only(entry("KIWI 10.2.19", "", ""));
    assert_eq!(
        (other.keyword, other.operand()),
        (Keyword::Other, "KIWI rootfs")
    );
    assert_eq!(Keyword::of("RUNNING"), Keyword::Other);
    assert_eq!(Keyword::of("STOPSIGNAL"), Keyword::StopSignal);
}

/// Pieces that builders write, so that random texts reach every branch.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "/bin/sh -c ",
        "#(nop) ",
        " ",
        "RUN ",
        "COPY ",
        "ADD ",
        "file:",
        HASH,
        " in ",
        "|2 ",
        "A=",
        "B=b ",
        "CMD ",
        "[\"",
        "\"]",
        "\\x",
        "'\\",
        "&{",
        "}",
        "map[",
        "]",
        "HEALTHCHECK ",
        "SHELL ",
        "EXPOSE ",
        "[",
        " # buildkit",
        "\n",
        "\t",
        "<<EOF",
        "/dev/pipes/",
        "apt-get install ",
        "powershell -Command ",
        "'",
        "\"",
        "\\",
        "é",
        "ENTRYPOINT ",
        "# debian.sh --arch ",
        "@17",
        "Layer: '",
        "', Created by buildpack: ",
        "Apply image 1",
    ];
    prop_oneof![
        4 => proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned),
        1 => ".{0,8}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_yields_one_line(texts in proptest::collection::vec((text(), text(), any::<bool>()), 1..4)) {
        let history: Vec<HistoryEntry> = texts
            .iter()
            .map(|(text, comment, is_buildkit)| {
                let comment = if *is_buildkit { "buildkit.dockerfile.v0" } else { comment };
                entry(text, comment, "")
            })
            .collect();
        for (entry, instruction) in history.iter().zip(recover(&history, &ImageConfig::default())) {
            let Some(mut instruction) = instruction else { continue };
            prop_assert!(!instruction.line.contains(['\n', '\t', '\r']));
            prop_assert!(!instruction.title().contains(['\n', '\t', '\r']));
            prop_assert_eq!(&one_line(&instruction.line), &instruction.line);
            prop_assert_eq!(&instruction.recorded, entry.created_by.as_ref().or(entry.comment.as_ref()).unwrap());
            instruction.refine(&glance(Some("dir/na me\n"), &["bin", "etc", "usr", "var", "a\nb"]));
            prop_assert!(!instruction.line.contains(['\n', '\t', '\r']));
        }
    }
}
