//! The demo image: a small web application on a small distribution, built by a Dockerfile with every mistake.
//!
//! Every kind of change and every cause of waste occurs, each for the reason it has in real images; the sizes
//! are such that `--ci` with its default budget fails. All content is made up here; the token is none.

use serde_json::json;

use super::codec::Codec;
use super::docker::docker_current;
use super::image::{Image, ImageBuilder, image};
use super::item::Item;
use super::layer::LayerBuilder;
use super::members::Packing;
use super::random::Random;

/// Returns the bytes of `assets/demo-image.tar`.
pub fn archive() -> Vec<u8> {
    docker_current(&[&demo()], Packing::new(Codec::Gzip)).archive(Codec::None)
}

/// Returns the image.
pub fn demo() -> Image {
    let base = image()
        .name("harbour-board:1.4")
        .at("2025-11-03T09:12:44Z")
        .layer(
            "/bin/sh -c #(nop) ADD file:3d7c1f0a9b52 in / ",
            root_file_system,
        )
        .empty("/bin/sh -c #(nop)  CMD [\"sh\"]");
    let own = base
        .at("2026-02-10T16:20:05Z")
        .comment("buildkit.dockerfile.v0");
    run_time(application(system_packages(own))).build()
}

fn system_packages(image: ImageBuilder) -> ImageBuilder {
    image
        .label("org.opencontainers.image.title", "harbour board")
        .label("org.opencontainers.image.version", "1.4")
        .empty("LABEL org.opencontainers.image.title=harbour board")
        .empty("ENV NODE_ENV=production")
        .layer(
            "RUN /bin/sh -c apt-get update && apt-get install -y nodejs # buildkit",
            install_node,
        )
        .layer(
            "RUN /bin/sh -c rm -rf /var/lib/apt/lists /var/cache/apt/archives/*.deb # buildkit",
            |l| {
                l.dir("var/cache/apt/archives")
                    .whiteout("var/cache/apt/archives/nodejs_22.1_amd64.deb")
                    .whiteout("var/cache/apt/archives/libuv1_1.48_amd64.deb")
                    .dir("var/lib/apt")
                    .whiteout("var/lib/apt/lists")
            },
        )
}

fn application(image: ImageBuilder) -> ImageBuilder {
    image
        .layer("WORKDIR /app", |l| l.dir("app"))
        .layer("COPY package.json .npmrc ./ # buildkit", |l| {
            l.item(package()).file("app/.npmrc", FAKE_TOKEN).mode(0o600)
        })
        .layer("RUN /bin/sh -c npm ci # buildkit", |l| {
            node_modules(l, &["router", "views", "tides", "linter", "bundler"])
                .dir("root/.npm/_cacache")
                .file("root/.npm/_cacache/content.bin", noise(70, 6_000))
        })
        .layer("RUN /bin/sh -c rm .npmrc # buildkit", |l| l.whiteout("app/.npmrc"))
        .layer("COPY . /app # buildkit", copy_everything)
        .layer("RUN /bin/sh -c chmod -R g+w /app/src # buildkit", |l| {
            l.dir("app/src").mode(0o775).items(sources().map(|mut source| {
                source.mode |= 0o020;
                source
            }))
        })
        .layer("RUN /bin/sh -c npm run build && ./migrate # buildkit", build)
        .layer(
            "RUN /bin/sh -c rm -rf node_modules && npm ci --omit=dev # buildkit",
            |l| {
                let l = l.dir("app/node_modules").opaque("app/node_modules");
                node_modules(l, &["router", "views", "tides"])
                    .dir("root")
                    .whiteout("root/.npm")
            },
        )
        .layer(
            "RUN /bin/sh -c ./migrate --seed && setcap cap_net_bind_service=+ep /usr/bin/node # buildkit",
            |l| {
                l.file("app/data/board.db", database(3))
                    .item(node())
                    .xattr("security.capability", CAPABILITY)
                    .whiteout("app/tmp/build.lock")
            },
        )
}

fn run_time(image: ImageBuilder) -> ImageBuilder {
    image
        .config("Env", json!(["PATH=/usr/bin:/bin", "NODE_ENV=production"]))
        .config("Cmd", json!(["node", "dist/server.js"]))
        .config("WorkingDir", json!("/app"))
        .config("User", json!("node"))
        .config("ExposedPorts", json!({ "8080/tcp": {} }))
        .empty("EXPOSE map[8080/tcp:{}]")
        .empty("USER node")
        .empty("CMD [\"node\" \"dist/server.js\"]")
}

/// Shaped like a token so that a search for secrets has something to find, and worth nothing.
const FAKE_TOKEN: &str =
    "//registry.example/:_authToken=npm_EXAMPLEexampleEXAMPLEexampleEXAMPLE0\n";

/// `cap_net_bind_service+ep` in the form the kernel stores.
const CAPABILITY: &[u8] = &[1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

fn root_file_system(mut l: LayerBuilder) -> LayerBuilder {
    for directory in [
        "bin", "dev", "etc", "lib", "root", "run", "tmp", "usr", "usr/bin", "var",
    ] {
        l = l.dir(directory);
        if directory == "tmp" {
            l = l.mode(0o1777);
        }
    }
    l = l
        .file("bin/busybox", noise(1, 11_000))
        .mode(0o755)
        .file("lib/libc.so.6", noise(2, 9_000))
        .mode(0o755)
        .symlink("lib/ld-linux.so.2", "libc.so.6")
        .file(
            "etc/passwd",
            "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/app:/bin/sh\n",
        )
        .file(
            "etc/os-release",
            "NAME=\"Harbour Linux\"\nID=harbour\nVERSION_ID=12\n",
        )
        .file("etc/motd", prose(3, 700))
        .char_device("dev/null", 1, 3)
        .mode(0o666)
        .fifo("run/initctl")
        .file("var/lib/dpkg/status", packages("7u1"));
    for name in ["sh", "ls", "cat", "cp", "mv", "rm", "grep", "tar", "wget"] {
        l = l.hardlink(format!("bin/{name}"), "bin/busybox").mode(0o755);
    }
    for name in ["busybox", "libc6", "base-files"] {
        let path = format!("usr/share/doc/{name}/copyright");
        l = l.file(path, prose(4, 1_500));
    }
    l
}

fn install_node(l: LayerBuilder) -> LayerBuilder {
    l.item(node())
        .file("usr/lib/libuv.so.1", noise(11, 4_000))
        .file("var/lib/dpkg/status", packages("7u2"))
        .file(
            "var/cache/apt/archives/nodejs_22.1_amd64.deb",
            noise(12, 8_000),
        )
        .file(
            "var/cache/apt/archives/libuv1_1.48_amd64.deb",
            noise(13, 4_000),
        )
        .file(
            "var/lib/apt/lists/deb.harbour.example_main",
            large(prose(14, 64), 5_600_000),
        )
        .file(
            "var/lib/apt/lists/deb.harbour.example_security",
            large(prose(15, 64), 1_400_000),
        )
        .file("var/log/dpkg.log", prose(16, 1_200))
        // apt rewrites it without a change.
        .file(
            "etc/os-release",
            "NAME=\"Harbour Linux\"\nID=harbour\nVERSION_ID=12\n",
        )
}

fn node() -> Item {
    file("usr/bin/node", large(noise(10, 16), 9_200_000), 0o755)
}

fn package() -> Item {
    let text = "{\n  \"name\": \"harbour-board\",\n  \"version\": \"1.4.0\",\n  \"scripts\": { \"build\": \"bundler\" }\n}\n";
    file("app/package.json", text, 0o644)
}

fn node_modules(mut l: LayerBuilder, packages: &[&str]) -> LayerBuilder {
    for package in packages {
        let seed = package.bytes().map(u64::from).sum();
        let directory = format!("app/node_modules/{package}");
        l = l
            .dir(&directory)
            .file(format!("{directory}/index.js"), prose(seed, 2_600))
            .file(format!("{directory}/README.md"), prose(seed + 1, 1_100))
            .file(
                format!("{directory}/package.json"),
                format!(
                    "{{ \"name\": \"{package}\", \"version\": \"2.0.{}\" }}\n",
                    seed % 10
                ),
            );
    }
    l
}

fn sources() -> impl Iterator<Item = Item> {
    let names = ["server.js", "routes.js", "tides.js", "views/board.html"];
    (30..)
        .zip(names)
        .map(|(seed, name)| file(format!("app/src/{name}"), prose(seed, 2_800), 0o644))
}

fn copy_everything(l: LayerBuilder) -> LayerBuilder {
    l.dir("app/src")
        .items(sources())
        .dir("app/src/assets")
        .file("app/src/assets/chart.png", noise(40, 5_000))
        .item(package())
        .file("app/config", prose(41, 900))
        .file("app/migrate", prose(42, 600))
        .mode(0o755)
        // Two sources of one COPY brought this file; the second wins.
        .file("app/VERSION", prose(43, 480))
        .file("app/VERSION", "1.4.0\n")
}

fn build(l: LayerBuilder) -> LayerBuilder {
    l.dir("app/dist")
        .file("app/dist/server.js", prose(50, 6_000))
        .file("app/dist/chart.png", noise(40, 5_000))
        .symlink("app/current", "dist")
        .whiteout("app/config")
        .dir("app/config")
        .file("app/config/default.json", "{ \"port\": 8080 }\n")
        .file("app/config/production.json", "{ \"port\": 80 }\n")
        .file("app/data/board.db", database(2))
        .dir("tmp")
        .mode(0o1777)
        .mtime(Item::MTIME + 3_600)
        .file("var/log/build.log", prose(51, 2_000))
}

/// Pages of which each generation changes a few.
/// A list of packages as dpkg keeps it; always of one length.
fn packages(revision: &str) -> Vec<u8> {
    let mut text = String::new();
    let names = [
        "base-files",
        "busybox",
        "harbour-tools",
        "libc6",
        "tide-tables",
        "tzdata",
    ];
    for (number, name) in (0..).zip(names.iter().cycle()) {
        let revision = if number % 6 == 3 { revision } else { "7u1" };
        let stanza = format!(
            "Package: {name}{}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.{number}-{revision}\n\n",
            match number / 6 {
                0 => String::new(),
                more => format!("-part{more}"),
            }
        );
        if text.len() + stanza.len() > 6_000 {
            break;
        }
        text.push_str(&stanza);
    }
    text.push_str(&"#".repeat(6_000 - text.len()));
    text.into_bytes()
}

fn database(generation: u64) -> Vec<u8> {
    let mut pages = noise(60, 6_000);
    for page in 0..generation {
        let start = usize::try_from(page * 1_500).expect("a small file");
        Random::new(61 + page).fill(&mut pages[start..start + 400]);
    }
    pages
}

fn file(path: impl AsRef<[u8]>, data: impl AsRef<[u8]>, mode: u32) -> Item {
    let built = LayerBuilder::new().file(path, data).mode(mode);
    built.into_items().pop().expect("the file")
}

fn prose(seed: u64, length: usize) -> Vec<u8> {
    Random::new(seed).prose(length)
}

/// Repeats a pattern to the length that such a file has; it compresses to next to nothing.
fn large(pattern: Vec<u8>, length: usize) -> Vec<u8> {
    pattern.into_iter().cycle().take(length).collect()
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    Random::new(seed).fill(&mut bytes);
    bytes
}
