//! What the costs are computed from: the table of `docs/budgets.md`, and some of `template.yaml`.

use serde_yaml_ng::Value;

use crate::Result;

/// One row of the table in `docs/budgets.md`.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// Method and path, such as `GET /client-data/profile`.
    pub operation: String,
    /// The case, or nothing.
    pub case: String,
    /// Calls to the table, one after the other.
    pub round_trips: f64,
    /// Read request units.
    pub reads: f64,
    /// Write request units.
    pub writes: f64,
}

impl Budget {
    /// The rows of the table, in its order.
    ///
    /// # Errors
    ///
    /// When there is no such table, or a row that is not understood.
    pub fn parse(document: &str) -> Result<Vec<Self>> {
        let (_, rows) = document
            .split_once("| operation | case | round trips | read units | write units |\n|---|---|---:|---:|---:|\n")
            .ok_or("docs/budgets.md has no table of operations")?;
        rows.lines()
            .take_while(|line| line.starts_with('|'))
            .map(|line| {
                Self::of(line)
                    .ok_or_else(|| format!("docs/budgets.md: not understood: {line}").into())
            })
            .collect()
    }

    fn of(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [operation, case, round_trips, reads, writes] = cells.as_slice() else {
            return None;
        };
        let operation = operation.strip_prefix('`')?.strip_suffix('`')?;
        Some(Self {
            operation: operation.to_owned(),
            case: (*case).to_owned(),
            round_trips: round_trips.parse().ok()?,
            reads: reads.parse().ok()?,
            writes: writes.parse().ok()?,
        })
    }

    /// The first segment of its path: which function serves it.
    pub fn tree(&self) -> &str {
        self.operation.split('/').nth(1).unwrap_or_default()
    }
}

/// What `template.yaml` says that costs money.
#[derive(Debug, Clone)]
pub struct Deployment {
    document: Value,
}

impl Deployment {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// When it is not YAML.
    pub fn parse(template: &str) -> Result<Self> {
        Ok(Self {
            document: serde_yaml_ng::from_str(template)?,
        })
    }

    /// The memory, in MB, of the function with an event source that has this value for this property: a
    /// `Path`, or the `Type` of the source.
    ///
    /// # Errors
    ///
    /// When there is no such function, or the template does not say its memory.
    pub fn memory(&self, property: &str, value: &str) -> Result<u32> {
        let function = self
            .of_type("AWS::Serverless::Function")
            .find(|function| {
                let events = function["Properties"]["Events"].as_mapping();
                events
                    .into_iter()
                    .flat_map(|events| events.values())
                    .any(|event| event[property] == value || event["Properties"][property] == value)
            })
            .ok_or_else(|| format!("template.yaml has no function of {property} {value}"))?;
        let own = &function["Properties"]["MemorySize"];
        let global = &self.document["Globals"]["Function"]["MemorySize"];
        let memory = if own.is_null() { global } else { own };
        let memory = match memory {
            Value::Tagged(reference) if reference.tag == "Ref" => {
                &self.document["Parameters"][&reference.value]["Default"]
            }
            memory => memory,
        };
        let memory = memory
            .as_u64()
            .and_then(|memory| u32::try_from(memory).ok());
        memory.ok_or_else(|| {
            format!("template.yaml does not say the memory of the function of {property} {value}")
                .into()
        })
    }

    /// How many resources of a type every deployment has: those on a condition are for who asks for them.
    pub fn count(&self, kind: &str) -> u32 {
        self.of_type(kind).map(|_| 1).sum()
    }

    fn of_type(&self, kind: &str) -> impl Iterator<Item = &Value> {
        let resources = self.document["Resources"].as_mapping();
        let resources = resources
            .into_iter()
            .flat_map(|resources| resources.values());
        resources
            .filter(move |resource| resource["Type"] == kind && resource["Condition"].is_null())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Words.\n\n| operation | case | round trips | read units | write units |\n|---|---|---:|---:|---:|\n";

    #[test]
    fn the_table_is_read_and_a_row_that_is_not_understood_is_refused() {
        let document = format!(
            "{HEAD}| `POST /shop/cart/{{id}}` | one line | 2 | 0.5 | 10 |\n\n## More\n| x |\n"
        );
        let expected = Budget {
            operation: "POST /shop/cart/{id}".to_owned(),
            case: "one line".to_owned(),
            round_trips: 2.0,
            reads: 0.5,
            writes: 10.0,
        };
        assert_eq!(expected.tree(), "shop");
        assert_eq!(Budget::parse(&document).unwrap(), [expected]);
        let error =
            Budget::parse(&format!("{HEAD}| `GET /shop` | | 1 | none | 0 |\n")).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("| `GET /shop` | | 1 | none | 0 |"),
            "{error}"
        );
        assert!(Budget::parse("# Nothing").is_err());
    }

    #[test]
    fn a_functions_memory_is_its_own_or_the_default_of_the_parameter() {
        let template = Deployment::parse(
            "
            Parameters: { MemorySize: { Type: Number, Default: 512 } }
            Globals: { Function: { MemorySize: !Ref MemorySize } }
            Resources:
              A:
                Type: AWS::Serverless::Function
                Properties:
                  Events: { Root: { Type: HttpApi, Properties: { Path: /a } } }
              B:
                Type: AWS::Serverless::Function
                Properties:
                  MemorySize: 1769
                  Events: { Jobs: { Type: SQS, Properties: { Queue: !GetAtt Q.Arn } } }
              Q: { Type: AWS::SQS::Queue }
              R: { Type: AWS::SQS::Queue, Condition: HasR }
            ",
        )
        .unwrap();
        assert_eq!(template.memory("Path", "/a").unwrap(), 512);
        assert_eq!(template.memory("Type", "SQS").unwrap(), 1769);
        assert!(template.memory("Path", "/b").is_err());
        assert_eq!(template.count("AWS::Serverless::Function"), 2);
        assert_eq!(template.count("AWS::SQS::Queue"), 1);
        assert_eq!(template.count("AWS::CloudWatch::Alarm"), 0);
    }
}
