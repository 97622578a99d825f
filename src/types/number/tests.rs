use super::*;

/// The sum as INCRBYFLOAT prints it.
fn sum(left: &str, right: &str) -> String {
    let parse = |text: &str| LongDouble::parse(text.as_bytes()).expect("a number");
    match parse(left).plus(parse(right)) {
        Some(sum) => sum.to_string(),
        None => "overflow".to_owned(),
    }
}

#[test]
fn integers_are_read_only_in_the_form_that_redis_writes() {
    for (text, value) in [
        ("0", Some(0)),
        ("-1", Some(-1)),
        ("9223372036854775807", Some(i64::MAX)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("9223372036854775808", None),
        ("-9223372036854775809", None),
        ("99999999999999999999", None),
        ("", None),
        ("-", None),
        ("-0", None),
        ("00", None),
        ("01", None),
        ("+1", None),
        (" 1", None),
        ("1 ", None),
        ("1a", None),
        ("1.0", None),
    ] {
        assert_eq!(parse_i64(text.as_bytes()), value, "{text:?}");
    }
}

#[test]
fn scores_are_read_in_all_the_forms_of_c() {
    for (text, value) in [
        ("1e5", 1e5),
        ("1e0005", 1e5),
        (".5", 0.5),
        ("5.", 5.0),
        ("+.5", 0.5),
        ("-.5", -0.5),
        ("+1", 1.0),
        ("00", 0.0),
        ("-0", 0.0),
        ("inf", f64::INFINITY),
        ("+inf", f64::INFINITY),
        ("-Infinity", f64::NEG_INFINITY),
        ("iNfInItY", f64::INFINITY),
        ("0x10", 16.0),
        ("0x1p3", 8.0),
        ("0x1.8", 1.5),
        ("-0X.8", -0.5),
        ("0x1p-1074", 5e-324),
        ("0x1.8p-1074", 1e-323),
        ("0x1.fffffffffffff8p0", 2.0),
        ("0x1.fffffffffffff4p0", 1.9999999999999998),
        ("0x8000000000000000001", 3.777_893_186_295_716e22),
        ("4.9e-324", 5e-324),
        ("1e-310", 1e-310),
    ] {
        assert_eq!(parse_f64(text.as_bytes()), Some(value), "{text:?}");
    }
}

#[test]
fn scores_with_spaces_nan_or_out_of_range_are_refused() {
    for text in [
        " 1",
        "1 ",
        "\t1",
        "",
        "nan",
        "-NaN",
        "nan(1)",
        "infi",
        "infinity1",
        "1_0",
        ".",
        "-.",
        "+-1",
        "1e",
        "1e+",
        "e5",
        "0x",
        "0x.p1",
        "0x1p",
        "0b1",
        "1d",
        "1\0",
        "1e400",
        "-1e400",
        "1e-400",
        "0x1p1024",
        "0x1p-1076",
        "0x1p99999999999999999999",
        "\u{ff11}",
    ] {
        assert_eq!(parse_f64(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn bounds_of_a_range_are_read_more_laxly_than_scores() {
    for (text, value) in [
        ("", Some(0.0)),
        (" 1", Some(1.0)),
        ("\n1", Some(1.0)),
        ("1\0x", Some(1.0)),
        ("1e400", Some(f64::INFINITY)),
        ("1e-400", Some(0.0)),
        ("1 ", None),
        (" ", None),
        ("nan", None),
    ] {
        assert_eq!(parse_bound_f64(text.as_bytes()), value, "{text:?}");
    }
}

#[test]
fn doubles_are_written_in_the_fewest_digits() {
    for (value, text) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (3.0, "3"),
        (-3.0, "-3"),
        (0.1, "0.1"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1234.5, "1234.5"),
        (-1234.5, "-1234.5"),
        (9007199254740992.0, "9007199254740992"),
        (1e18, "1000000000000000000"),
        (1e19, "1e+19"),
        (1e20, "1e+20"),
        (1.5e300, "1.5e+300"),
        (12345678901234567000.0, "12345678901234567000"),
        (0.000001, "0.000001"),
        (0.0000001, "1e-7"),
        (1.5e-7, "1.5e-7"),
        (0.0012345678, "0.0012345678"),
        (0.00012345678, "1.2345678e-4"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (f64::NAN, "nan"),
    ] {
        assert_eq!(format_f64(value), text);
    }
}

#[test]
fn sums_are_those_of_a_long_double() {
    for (left, right, text) in [
        ("10.5", "0.1", "10.6"),
        ("5.0e3", "2.0e2", "5200"),
        ("0.1", "0.2", "0.3"),
        ("3", "-3", "0"),
        ("-0", "0", "0"),
        ("1e-18", "0", "0"),
        ("-1e-18", "0", "0"),
        ("1e400", "-1e400", "0"),
        ("1e4932", "1e4932", "overflow"),
        ("inf", "1", "overflow"),
        ("inf", "-inf", "overflow"),
    ] {
        assert_eq!(sum(left, right), text, "{left} + {right}");
    }
}

#[test]
fn long_doubles_out_of_range_are_refused() {
    for text in [
        "1e4933",
        "1e-4970",
        "0x1p16384",
        "nan",
        "",
        " 1",
        "1 ",
        ".",
        "1e",
    ] {
        assert_eq!(LongDouble::parse(text.as_bytes()), None, "{text:?}");
    }
    let too_long = "0".repeat(5 * 1024);
    assert_eq!(LongDouble::parse(too_long.as_bytes()), None);
    assert!(LongDouble::parse(&too_long.as_bytes()[1..]).is_some());
}
