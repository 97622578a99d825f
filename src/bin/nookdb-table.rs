//! Prints the table of commands as JSON, for the generator of the TypeScript methods and for the site.

fn main() {
    println!("{:#}", nookdb::commands::catalog());
}
