using Broker.PgWire.Startup;
using Broker.PgWire.Values;
using FsCheck.Xunit;
using Xunit;

namespace Broker.PgWire.Tests.Startup;

public sealed class CommandLineOptionsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("  ", "")]
    [InlineData("-c geqo=off", "geqo=off")]
    [InlineData("-cgeqo=off", "geqo=off")]
    [InlineData("--geqo=off", "geqo=off")]
    [InlineData("--Statement-Timeout=5s", "statement_timeout=5s")]
    [InlineData("\t-c  a.b=1\n--c= ", "a.b=1;c=")]
    [InlineData(@"-c search_path=a,\ b", "search_path=a, b")]
    [InlineData(@"-c x=\\y", @"x=\y")]
    [InlineData(@"--x=a=b\", "x=a=b")]
    [InlineData(@"--x=a\\\", @"x=a\")]
    public void Settings_are_read_in_their_three_forms(string options, string expected)
    {
        var settings = CommandLineOptions.Read(WireText.Of(options), out var error);

        Assert.Null(error);
        Assert.Equal(expected, string.Join(';', settings.Select(setting => $"{setting.Name}={setting.Value}")));
    }

    [Theory]
    [InlineData("-c")]
    [InlineData("-c geqo")]
    [InlineData("-c =off")]
    [InlineData("--")]
    [InlineData("-d 5")]
    [InlineData(@"\")]
    [InlineData(@"-c \")]
    [InlineData("geqo=off")]
    public void Anything_else_is_an_error_that_quotes_it(string options)
    {
        Assert.Empty(CommandLineOptions.Read(WireText.Of(options), out var error));
        Assert.Contains("startup option", error!.Text, StringComparison.Ordinal);
    }

    [Property(MaxTest = 1_000)]
    public void Garbage_is_an_error_or_settings_and_never_an_exception(byte[] garbage) =>
        CommandLineOptions.Read(new(Array.FindAll(garbage, static b => b != 0)), out _);
}
