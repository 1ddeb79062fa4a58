//! A build instruction as history tells it: what kind it is, and who wrote the entry.

/// One build instruction, recovered from a history entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Instruction {
    /// What wrote the entry.
    pub builder: Builder,
    /// What kind of Dockerfile instruction it is.
    pub keyword: Keyword,
    /// One line such as `RUN apt-get update` or `COPY . /app`; unescaped text from the image, without line
    /// breaks and tabs.
    pub line: String,
    /// The same with inner line breaks and tabs, for a detail pane; unescaped.
    pub text: String,
    /// The text as recorded, unescaped.
    pub recorded: String,
    /// Build arguments recorded with a `RUN`, in order. They are left out of `line` and may hold secrets.
    pub arguments: Vec<(String, String)>,
}

/// The kinds of Dockerfile instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[expect(
    missing_docs,
    reason = "the names are those of the Dockerfile reference"
)]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    Healthcheck,
    Label,
    Maintainer,
    OnBuild,
    Run,
    Shell,
    StopSignal,
    User,
    Volume,
    WorkDir,
    /// None of them: a line of another kind of builder.
    #[default]
    Other,
}

impl Keyword {
    const ALL: [Self; 17] = [
        Self::Add,
        Self::Arg,
        Self::Cmd,
        Self::Copy,
        Self::Entrypoint,
        Self::Env,
        Self::Expose,
        Self::Healthcheck,
        Self::Label,
        Self::Maintainer,
        Self::OnBuild,
        Self::Run,
        Self::Shell,
        Self::StopSignal,
        Self::User,
        Self::Volume,
        Self::WorkDir,
    ];

    /// Returns the keyword as written in a Dockerfile; empty for [`Keyword::Other`].
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Arg => "ARG",
            Self::Cmd => "CMD",
            Self::Copy => "COPY",
            Self::Entrypoint => "ENTRYPOINT",
            Self::Env => "ENV",
            Self::Expose => "EXPOSE",
            Self::Healthcheck => "HEALTHCHECK",
            Self::Label => "LABEL",
            Self::Maintainer => "MAINTAINER",
            Self::OnBuild => "ONBUILD",
            Self::Run => "RUN",
            Self::Shell => "SHELL",
            Self::StopSignal => "STOPSIGNAL",
            Self::User => "USER",
            Self::Volume => "VOLUME",
            Self::WorkDir => "WORKDIR",
            Self::Other => "",
        }
    }

    /// Returns the keyword a text begins with. Builders write keywords in capitals.
    pub(super) fn of(text: &str) -> Self {
        let end = text.find(is_blank).unwrap_or(text.len());
        let (word, _) = text.split_at(end);
        Self::ALL
            .into_iter()
            .find(|keyword| keyword.as_str() == word)
            .unwrap_or_default()
    }
}
/// The programs that write image histories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Builder {
    /// `BuildKit`'s Dockerfile frontend: `docker buildx build`, `docker build` since 23.0.
    BuildKit,
    /// `BuildKit` without a Dockerfile: low-level build operations.
    BuildKitOperations,
    /// The builder inside the Docker daemon before `BuildKit`.
    Classic,
    /// `buildah` and `podman build`.
    Buildah,
    /// kaniko, in a container without a daemon.
    Kaniko,
    /// Jib, for Java.
    Jib,
    /// ko, for Go.
    Ko,
    /// Bazel's `rules_docker`.
    BazelDocker,
    /// Bazel's `rules_oci`.
    BazelOci,
    /// apko, for Alpine-like packages.
    Apko,
    /// Cloud Native Buildpacks.
    Buildpacks,
    /// nixpkgs' dockerTools.
    Nix,
    /// ostree and bootc.
    Ostree,
    /// `docker import`, or another way to make an image of a root file system.
    Import,
    /// `docker commit`.
    Commit,
    /// debuerreotype: official Debian root file systems.
    Debuerreotype,
    /// Alpine's root file system, added by name.
    Alpine,
    /// KIWI: Fedora and openSUSE root file systems.
    Kiwi,
    /// Red Hat's build service of old, which squashes.
    RedHat,
    /// A Windows base image.
    WindowsBase,
    /// The classic builder on Windows.
    ClassicWindows,
    /// `crane flatten` and `crane append`.
    Crane,
    /// Not recognised.
    #[default]
    Unknown,
}

impl Builder {
    /// Returns the stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BuildKit => "buildkit",
            Self::BuildKitOperations => "buildkit-llb",
            Self::Classic => "docker-classic",
            Self::Buildah => "buildah",
            Self::Kaniko => "kaniko",
            Self::Jib => "jib",
            Self::Ko => "ko",
            Self::BazelDocker => "bazel-rules-docker",
            Self::BazelOci => "bazel-rules-oci",
            Self::Apko => "apko",
            Self::Buildpacks => "buildpacks",
            Self::Nix => "nix",
            Self::Ostree => "ostree",
            Self::Import => "docker-import",
            Self::Commit => "docker-commit",
            Self::Debuerreotype => "debuerreotype",
            Self::Alpine => "alpine",
            Self::Kiwi => "kiwi",
            Self::RedHat => "red-hat",
            Self::WindowsBase => "windows-base",
            Self::ClassicWindows => "docker-classic-windows",
            Self::Crane => "crane",
            Self::Unknown => "unknown",
        }
    }

    /// Returns whether it makes root file systems of distributions, which are base images by nature.
    pub const fn is_distribution(self) -> bool {
        matches!(
            self,
            Self::Debuerreotype | Self::Alpine | Self::Kiwi | Self::WindowsBase | Self::Import
        )
    }

    /// Returns whether a history by it holds every instruction of the Dockerfile, those that stored nothing too.
    pub const fn records_everything(self) -> bool {
        matches!(self, Self::BuildKit | Self::Classic | Self::Buildah)
    }

    /// Returns whether its entries are made from a Dockerfile.
    pub const fn reads_dockerfiles(self) -> bool {
        matches!(
            self,
            Self::BuildKit
                | Self::Classic
                | Self::Buildah
                | Self::Kaniko
                | Self::ClassicWindows
                | Self::RedHat
        )
    }
}

/// Returns whether a character parts words in an instruction.
pub(super) const fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\x0B' | '\x0C')
}
