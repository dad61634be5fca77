//! Tokens → blocks. Written by hand: the grammar is small, it adds nothing to the build (Prisma's own parser, republished as `saola-psl`, brings
//! 110 crates and two and a half minutes), and the errors are ours.

use super::ast::{
    Argument, Arity, Attribute, Block, EnumValue, Expression, Field, Holder, Name, Value,
};
use super::lexer::{Kind, Token, tokens};
use super::source::{Flaw, Place};

/// Lists and functions within one another; real schemas need three.
const DEEPEST: usize = 32;

/// The blocks of one file.
pub(super) fn parse(text: &str, file: usize) -> Result<Vec<Block>, Flaw> {
    let tokens = tokens(text, file)?;
    let mut parser = Parser { tokens, at: 0 };
    let mut blocks = Vec::new();
    loop {
        parser.skip_newlines();
        if parser.kind() == &Kind::End {
            return Ok(blocks);
        }
        blocks.push(parser.block()?);
    }
}

struct Parser {
    /// Never empty: the last one is the end.
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn kind(&self) -> &Kind {
        const END: &Kind = &Kind::End;
        self.tokens.get(self.at).map_or(END, |token| &token.kind)
    }

    fn place(&self) -> Place {
        let token = self.tokens.get(self.at).or_else(|| self.tokens.last());
        token.map_or_else(Place::default, |token| token.place)
    }

    fn flaw<T>(&self, message: impl Into<String>) -> Result<T, Flaw> {
        Err(Flaw::new(self.place(), message))
    }

    fn take(&mut self, sign: char) -> bool {
        let there = self.kind() == &Kind::Sign(sign);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, sign: char, within: &str) -> Result<(), Flaw> {
        if self.take(sign) {
            return Ok(());
        }
        let found = self.kind().words();
        self.flaw(format!("expected `{sign}` {within}, found {found}"))
    }

    fn skip_newlines(&mut self) {
        while self.kind() == &Kind::Newline {
            self.at += 1;
        }
    }

    fn name(&mut self, what: &str) -> Result<Name, Flaw> {
        let place = self.place();
        if let Kind::Name(text) = self.kind() {
            let text = text.clone();
            self.at += 1;
            return Ok(Name { text, place });
        }
        let found = self.kind().words();
        self.flaw(format!("expected {what}, found {found}"))
    }

    fn block(&mut self) -> Result<Block, Flaw> {
        const KEYWORDS: &str = "`model`, `type`, `view`, `enum`, `datasource` or `generator`";
        let keyword = self.name(KEYWORDS)?;
        let holder = match keyword.text.as_str() {
            "model" => Holder::Model,
            "view" => Holder::View,
            "type" => Holder::Composite,
            "enum" => return self.enumeration(),
            "datasource" => return self.config(true),
            "generator" => return self.config(false),
            other => {
                let other = crate::domain::text::safe(other, 60);
                let message =
                    format!("a schema has no block `{other}`; a block begins with {KEYWORDS}");
                return Err(Flaw::new(keyword.place, message));
            }
        };
        let name = self.name("a name")?;
        self.expect('{', "after the name of the block")?;
        let (mut fields, mut attributes): (Vec<Field>, _) = (Vec::new(), Vec::new());
        loop {
            self.skip_newlines();
            match self.kind() {
                Kind::Sign('}') => break,
                Kind::BlockAt => attributes.push(self.block_attribute()?),
                // An attribute on a line of its own belongs to the field above.
                Kind::Sign('@') => match fields.last_mut() {
                    Some(field) => {
                        let more = self.field_attributes()?;
                        field.attributes.extend(more);
                    }
                    None => return self.flaw("an attribute stands before the first field"),
                },
                _ => fields.push(self.field(&name)?),
            }
            self.end_of_line()?;
        }
        self.at += 1;
        Ok(Block::Fields {
            holder,
            name,
            fields,
            attributes,
        })
    }

    /// After a line there is another one, or the end of the block.
    fn end_of_line(&mut self) -> Result<(), Flaw> {
        match self.kind() {
            Kind::Newline | Kind::Sign('}') => Ok(()),
            Kind::End => self.flaw("the block has no end (`}`)"),
            Kind::Sign('{') => {
                self.flaw("a block begins here, and the one above it has no end (`}`)")
            }
            other => {
                let found = other.words();
                self.flaw(format!("expected the end of the line, found {found}"))
            }
        }
    }

    fn field(&mut self, block: &Name) -> Result<Field, Flaw> {
        if self.kind() == &Kind::End {
            let name = crate::domain::text::safe(&block.text, 60);
            return self.flaw(format!("the block {name} has no end (`}}`)"));
        }
        let name = self.name("a field, `@@` or `}`")?;
        if self.kind() == &Kind::Sign(':') || self.kind() == &Kind::Sign('[') {
            return self.flaw("this is the form of Prisma 1; write `name Type`");
        }
        let mut of = self.name("the field's type")?;
        let unsupported = of.text == "Unsupported" && self.take('(');
        if unsupported {
            let Kind::Text(text) = self.kind() else {
                return self.flaw("`Unsupported` takes the type's name in quotes");
            };
            of.text.clone_from(text);
            self.at += 1;
            self.expect(')', "after the type's name")?;
        }
        let mut arity = Arity::Required;
        if self.take('[') {
            self.expect(']', "after `[`")?;
            arity = Arity::List;
        }
        if self.kind() == &Kind::Sign('?') {
            if arity == Arity::List {
                return self.flaw("a list cannot be optional: an empty list says the same");
            }
            self.at += 1;
            arity = Arity::Optional;
        }
        if self.kind() == &Kind::Sign('!') {
            return self.flaw("a field is required without `!`");
        }
        let attributes = self.field_attributes()?;
        Ok(Field {
            name,
            of,
            unsupported,
            arity,
            attributes,
        })
    }

    fn field_attributes(&mut self) -> Result<Vec<Attribute>, Flaw> {
        let mut attributes = Vec::new();
        while self.take('@') {
            attributes.push(self.attribute()?);
        }
        Ok(attributes)
    }

    fn block_attribute(&mut self) -> Result<Attribute, Flaw> {
        self.at += 1;
        self.attribute()
    }

    /// An attribute after its `@`.
    fn attribute(&mut self) -> Result<Attribute, Flaw> {
        let mut name = self.name("the attribute's name")?;
        while self.take('.') {
            let more = self.name("a name after `.`")?;
            name.text = format!("{}.{}", name.text, more.text);
        }
        let arguments = if self.take('(') {
            self.arguments(0)?
        } else {
            Vec::new()
        };
        Ok(Attribute { name, arguments })
    }

    /// Arguments after their `(`. They may stand on several lines.
    fn arguments(&mut self, depth: usize) -> Result<Vec<Argument>, Flaw> {
        let mut arguments = Vec::new();
        loop {
            self.skip_newlines();
            if self.take(')') {
                return Ok(arguments);
            }
            arguments.push(self.argument(depth)?);
            self.skip_newlines();
            if !self.take(',') {
                self.expect(')', "after the arguments")?;
                return Ok(arguments);
            }
        }
    }

    fn argument(&mut self, depth: usize) -> Result<Argument, Flaw> {
        let colon = self.tokens.get(self.at + 1);
        let named = colon.is_some_and(|token| token.kind == Kind::Sign(':'));
        let name = if named {
            let name = self.name("the argument's name")?;
            self.at += 1;
            self.skip_newlines();
            Some(name)
        } else {
            None
        };
        let value = self.expression(depth + 1)?;
        Ok(Argument { name, value })
    }

    fn expression(&mut self, depth: usize) -> Result<Expression, Flaw> {
        let place = self.place();
        if depth > DEEPEST {
            return self.flaw(format!("lists stand in lists more than {DEEPEST} deep"));
        }
        let kind = self.kind().clone();
        self.at += 1;
        let value = match kind {
            Kind::Text(text) => Value::Text(text),
            Kind::Number(number) => Value::Number(number),
            Kind::Sign('[') => self.list(depth)?,
            Kind::Name(first) => {
                let mut path = vec![first];
                while self.take('.') {
                    path.push(self.name("a name after `.`")?.text);
                }
                if self.take('(') {
                    Value::Call(path, self.arguments(depth)?)
                } else {
                    Value::Path(path)
                }
            }
            other => {
                self.at -= 1;
                return self.flaw(format!("expected a value, found {}", other.words()));
            }
        };
        Ok(Expression { value, place })
    }

    fn list(&mut self, depth: usize) -> Result<Value, Flaw> {
        let mut values = Vec::new();
        loop {
            self.skip_newlines();
            if self.take(']') {
                return Ok(Value::List(values));
            }
            values.push(self.expression(depth + 1)?);
            self.skip_newlines();
            if !self.take(',') {
                self.expect(']', "after the list")?;
                return Ok(Value::List(values));
            }
        }
    }

    fn enumeration(&mut self) -> Result<Block, Flaw> {
        let name = self.name("a name")?;
        self.expect('{', "after the name of the block")?;
        let (mut values, mut attributes) = (Vec::new(), Vec::new());
        loop {
            self.skip_newlines();
            match self.kind() {
                Kind::Sign('}') => break,
                Kind::BlockAt => attributes.push(self.block_attribute()?),
                _ => {
                    let name = self.name("a value, `@@` or `}`")?;
                    let attributes = self.field_attributes()?;
                    values.push(EnumValue { name, attributes });
                }
            }
            self.end_of_line()?;
        }
        self.at += 1;
        Ok(Block::Enum {
            name,
            values,
            attributes,
        })
    }

    fn config(&mut self, datasource: bool) -> Result<Block, Flaw> {
        let name = self.name("a name")?;
        self.expect('{', "after the name of the block")?;
        let mut entries = Vec::new();
        loop {
            self.skip_newlines();
            if self.take('}') {
                break;
            }
            let key = self.name("a setting or `}`")?;
            self.expect('=', "after the setting's name")?;
            let empty = matches!(self.kind(), Kind::Newline | Kind::Sign('}') | Kind::End);
            let value = if empty {
                None
            } else {
                Some(self.expression(0)?)
            };
            entries.push((key, value));
            self.end_of_line()?;
        }
        Ok(Block::Config {
            datasource,
            name,
            entries,
        })
    }
}
