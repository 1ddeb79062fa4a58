//! The command line as clap sees it, and its help.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand, ValueHint};

use super::options::Common;

pub(crate) const EXAMPLES: &str = "\
Examples:
  docker save app:1.4 -o app.tar && layerscope app.tar
  layerscope --ci --max-wasted-bytes 20MB app.tar
  layerscope cat app.tar /etc/os-release
  sudo layerscope /var/lib/docker";

const LONG_EXAMPLES: &str = "\
Examples:
  docker save app:1.4 -o app.tar && layerscope app.tar   what is in it, what is wasted
  docker save app:1.4 | layerscope -                     without a file in between
  layerscope --json app.tar | jq .totals                 the same for programs
  layerscope --ci --max-wasted-bytes 20MB app.tar        fail a build that wastes more
  layerscope ls app.tar /etc --view 2                    files as of layer 2
  layerscope cat app.tar /etc/os-release                 one file
  layerscope extract app.tar /app -o out                 files to disk
  sudo layerscope /var/lib/docker                        where the disk went
  sudo layerscope docker:app:1.4                         an image of an engine, without saving it
  sudo layerscope /var/lib/docker --container web        a container, and what it has written
  sudo layerscope overlay:/mnt/merged                    any overlay mount, layer by layer
  layerscope --lower upper2:base --upper changes         the same of directories

Exit status:
  0    done; with --ci: every rule holds
  1    with --ci: a rule does not hold
  2    the job could not be done, or of a layer store only in part
  130  interrupted";

/// Shows what is inside a container image: every layer, every change, every wasted byte.
#[derive(Debug, Parser)]
#[command(
    name = "layerscope",
    version,
    bin_name = "layerscope",
    max_term_width = 100,
    after_help = EXAMPLES,
    after_long_help = LONG_EXAMPLES,
    override_usage = "layerscope [OPTIONS] [IMAGE]\n       layerscope [OPTIONS] <COMMAND>",
    subcommand_help_heading = "Commands",
    help_template = "{about-with-newline}\n{usage-heading} {usage}\n\n{after-help}\n\n{all-args}",
    disable_help_subcommand = true
)]
pub(crate) struct Arguments {
    /// Archive of `docker save` or an OCI archive (compressed or not), OCI layout, `-` for standard input, layer store
    /// such as /var/lib/docker, `docker:NAME` or `podman:NAME` for an image in one, `overlay:MOUNTPOINT`
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) image: Option<OsString>,

    #[command(flatten)]
    pub(crate) common: Common,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do other than to report.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Report on an IMAGE whose name equals a command
    #[command(after_help = "Example:\n  layerscope open ls")]
    Open {
        /// The image
        #[arg(value_hint = ValueHint::AnyPath)]
        image: OsString,
    },
    /// List files of the image or of one layer
    #[command(
        after_help = "\
Examples:
  layerscope ls app.tar                     everything a container sees
  layerscope ls app.tar /etc --view 2       /etc as of layer 2
  layerscope ls app.tar --view layer:3      what layer 3 does, deletions too
  layerscope ls app.tar --format json       one object a line, for programs
  layerscope ls /etc --lower b:a --upper c  no image but directories",
        override_usage = "layerscope ls [OPTIONS] <IMAGE> [PATH]"
    )]
    Ls {
        /// The image; none with --lower
        #[arg(value_hint = ValueHint::AnyPath)]
        image: Option<OsString>,
        /// File or directory in the image
        path: Option<OsString>,
        /// `merged`: what a container sees; N: as of layer N; `layer:N`: what layer N does
        #[arg(long, value_name = "VIEW", default_value = "merged", value_parser = ViewName::parse)]
        view: ViewName,
    },
    /// Write one file of the image to standard output
    #[command(
        after_help = "\
Symbolic links are followed inside the image. On a terminal control characters are escaped, and
what is no text is refused; `-o -` writes it as it is.

Examples:
  layerscope cat app.tar /etc/os-release
  layerscope cat app.tar /etc/passwd --layer 2    as of layer 2
  sudo layerscope cat /var/lib/docker /etc/hosts --container web",
        override_usage = "layerscope cat [OPTIONS] <IMAGE> <PATH>"
    )]
    Cat {
        /// The image; none with --lower
        #[arg(value_hint = ValueHint::AnyPath)]
        image: Option<OsString>,
        /// File in the image
        path: Option<OsString>,
    },
    /// Write files and directories of the image to disk
    #[command(
        after_help = "\
Files keep their full path below the directory. Nothing is written outside of it, nothing
existing is overwritten, no link is followed.

Example:
  layerscope extract app.tar /app /etc/nginx -o out",
        override_usage = "layerscope extract [OPTIONS] -o DIR <IMAGE> <PATHS>..."
    )]
    Extract(ExtractArguments),
    /// Write a completion script for a shell to standard output
    #[command(
        after_help = "Example:\n  layerscope completions bash > ~/.local/share/bash-completion/completions/layerscope"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual page to standard output
    #[command(after_help = "Example:\n  layerscope man | man -l -")]
    Man,
    /// Compare two images
    #[command(hide = true)]
    Diff {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        rest: Vec<OsString>,
    },
    /// Show what is in the layer stores of this machine: images, containers, and what nobody owns
    #[command(after_help = "\
Nothing is written, no lock is taken, and it does not matter whether the engine runs. A part of a store leads to it:
/var/lib/docker/overlay2 is as good as /var/lib/docker. Without DIRECTORY: the usual homes of Docker, containerd, Podman,
CRI-O, k3s, RKE2, k0s, MicroK8s, rootless ones of the caller of sudo too, and wherever their configuration and the
daemons that run put them. Of rootless Podman: podman unshare layerscope store.

Examples:
  sudo layerscope store                                   every store of this machine
  sudo layerscope store /mnt                              those on the mounted disk of another one
  sudo layerscope store /mnt/disk/docker --json           one elsewhere, for programs
  sudo layerscope store /var/lib/docker --image app:1.4   one image of it
  sudo layerscope store /var/lib/docker --container web   a container: its image and what it has written
  sudo layerscope store --format ncdu | ncdu -f -         its files, shared ones as hard links

Exit status:
  0  all of it could be read
  2  something could not be read or measured (0 with --allow-incomplete), or there is no store")]
    Store {
        /// Where the engine keeps its layers [default: all that are found]
        #[arg(value_hint = ValueHint::DirPath)]
        directory: Option<OsString>,
    },
}

/// What `extract` takes.
#[derive(Debug, Args)]
pub(crate) struct ExtractArguments {
    /// The image; none with --lower
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) image: Option<OsString>,
    /// Files and directories in the image
    pub(crate) paths: Vec<OsString>,
    /// As root: leave everything to root instead of the owners in the image
    #[arg(long)]
    pub(crate) no_owner: bool,
    /// As root: create device nodes too
    #[arg(long)]
    pub(crate) devices: bool,
    /// As root: write set-uid and set-gid bits, capabilities and other attributes that give rights, too
    #[arg(long)]
    pub(crate) privileges: bool,
}

/// `--view`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ViewName {
    Merged,
    Union(u16),
    Layer(u16),
}

impl ViewName {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = |_| "write merged, a layer number, or layer:N".to_owned();
        match (text, text.strip_prefix("layer:")) {
            ("merged", _) => Ok(Self::Merged),
            (_, Some(layer)) => layer.parse().map(Self::Layer).map_err(wrong),
            _ => text.parse().map(Self::Union).map_err(wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }

    #[test]
    fn common_options_stand_on_either_side_of_a_command() {
        for line in [
            "layerscope --json ls x.tar",
            "layerscope ls --json x.tar",
            "layerscope ls x.tar --json",
        ] {
            let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
            assert!(arguments.common.json, "{line}");
        }
    }

    #[test]
    fn views_have_three_forms() {
        assert_eq!(ViewName::parse("merged"), Ok(ViewName::Merged));
        assert_eq!(ViewName::parse("3"), Ok(ViewName::Union(3)));
        assert_eq!(ViewName::parse("layer:0"), Ok(ViewName::Layer(0)));
        assert!(ViewName::parse("layer:").is_err());
        assert!(ViewName::parse("all").is_err());
    }

    /// A new command shadows images of its name: the list grows only on purpose.
    #[test]
    fn the_list_of_commands_is_closed() {
        use clap::CommandFactory as _;
        let command = Arguments::command();
        let names: Vec<&str> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        assert_eq!(
            names,
            [
                "open",
                "ls",
                "cat",
                "extract",
                "completions",
                "man",
                "diff",
                "store"
            ]
        );
    }
}
