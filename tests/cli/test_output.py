from dag_gfn.cli.output import console, fail


def test_a_failure_is_one_line_and_code_2(capsys):
    assert fail("two\nlines  and [bold]marks[/bold]") == 2
    captured = capsys.readouterr()
    assert captured.err == "error: two lines and [bold]marks[/bold]\n"
    assert captured.out == ""


def test_lines_are_not_wrapped_but_on_a_terminal(capsys):
    console().print("word " * 500)
    assert capsys.readouterr().out.strip().count("\n") == 0


def test_a_failure_repeats_little_of_what_was_given(capsys):
    long = "a b " * 300
    for message, given in (
        (f"no such thing as {long}: try again", [long]),
        (f"no such thing as {long}: try again", [f"--option={long}"]),
        (f"no column '{long}': try again", []),
        (f"no column {'x' * 900}: try again", []),
    ):
        fail(message, given=given)
        line = capsys.readouterr().err
        assert len(line) < 260
        assert line.startswith("error: no ")
        assert line.endswith("try again\n")
    fail("word " * 10_000)
    assert len(capsys.readouterr().err) < 2_100
