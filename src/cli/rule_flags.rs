//! The flags of rules, made from their table.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::analysis::rules::{Definition, Help, Rule, Unit, Value};

/// What one flag says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleFlag {
    pub(crate) rule: Rule,
    /// As it is written: `--max-layers`.
    pub(crate) flag: String,
    pub(crate) text: String,
}

/// Flags of rules that are given, in the order of the table.
#[derive(Debug, Clone, Default)]
pub(crate) struct RuleFlags(pub(crate) Vec<RuleFlag>);

impl Args for RuleFlags {
    fn augment_args(command: Command) -> Command {
        let rows = Rule::ALL.map(Rule::definition);
        command
            .args(rows.iter().map(own))
            .args(rows.iter().filter_map(of_dive))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn own(row: &Definition) -> Arg {
    let flag = Arg::new(row.name)
        .long(row.name)
        .global(true)
        .help(row.summary)
        .hide(row.help == Help::Hidden)
        .hide_short_help(row.help == Help::Long);
    match row.value {
        Value::Least(unit) | Value::Most(unit) => flag.value_name(placeholder(unit)),
        Value::Globs => flag.value_name("GLOB").action(ArgAction::Append),
        Value::Switch => flag.action(ArgAction::SetTrue),
    }
}

fn of_dive(row: &Definition) -> Option<Arg> {
    let name = row.dive?.name;
    let summary = format!("dive's name for --{}", row.name);
    let flag = own(row).id(name).long(name).help(summary);
    Some(
        flag.hide(true)
            .hide_short_help(false)
            .conflicts_with(row.name),
    )
}

const fn placeholder(unit: Unit) -> &'static str {
    match unit {
        Unit::Ratio => "RATIO",
        Unit::Bytes => "SIZE",
        Unit::Count => "N",
    }
}

impl FromArgMatches for RuleFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let dive = Rule::ALL.map(|rule| (rule, rule.dive_name()));
        let own = Rule::ALL.map(|rule| (rule, Some(rule.as_str())));
        let mut flags = Vec::new();
        for (rule, name) in own.into_iter().chain(dive) {
            let Some(name) = name else { continue };
            let texts = match rule.value() {
                Value::Switch if matches.get_flag(name) => vec!["true".to_owned()],
                Value::Switch => Vec::new(),
                _ => matches
                    .get_many(name)
                    .into_iter()
                    .flatten()
                    .cloned()
                    .collect(),
            };
            let flag = format!("--{name}");
            flags.extend(texts.into_iter().map(|text| RuleFlag {
                rule,
                flag: flag.clone(),
                text,
            }));
        }
        Ok(Self(flags))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
