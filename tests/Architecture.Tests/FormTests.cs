using System.Reflection;
using System.Text.RegularExpressions;

namespace Broker.Architecture.Tests;

/// <summary>Short files, names that say what a thing is, no state outside of actors.</summary>
public sealed partial class FormTests
{
    private const int LongestFile = 400;
    private const int WidestLine = 140;

    [Fact]
    public void No_source_file_is_longer_than_a_few_screens() =>
        Assert.DoesNotContain(
            House.SourceFiles().Select(file => (file, Lines: File.ReadLines(Path.Combine(House.Root, file)).Count())),
                one => one.Lines > LongestFile);

    [Fact]
    public void No_line_of_a_product_is_wider_than_a_screen() =>
        Assert.DoesNotContain(
            House.SourceFiles().SelectMany(
                static file => File.ReadLines(Path.Combine(House.Root, file)).Select((line, at) => (file, at + 1, line))),
            one => one.line.Length > WidestLine);

    [Theory]
    [MemberData(nameof(House.Projects), MemberType = typeof(House))]
    public void No_type_has_a_name_that_says_nothing(string project) =>
        Assert.DoesNotContain(House.Assemblies[project].WrittenTypes().Select(type => type.FullName!), SaysNothing);

    [Fact]
    public void No_file_or_folder_has_a_name_that_says_nothing() => Assert.DoesNotContain(House.SourceFiles(), SaysNothing);

    [Theory]
    [InlineData("Broker.Pools.PoolManager", true)]
    [InlineData("src/Client/Common/Clock.cs", true)]
    [InlineData("SqlUtils", true)]
    [InlineData("StringHelpers", true)]
    [InlineData("Broker.Client.Protocol.Messages.CommitUnknown", false)]
    [InlineData("UtilizationGauge", false)]
    public void A_name_says_nothing_when_one_of_its_words_does(string name, bool expected) => Assert.Equal(expected, SaysNothing(name));

    /// <summary>Conversations may be spread over nodes one day. A client may keep code it compiled: that is the same everywhere.</summary>
    [Theory]
    [InlineData("Broker")]
    [InlineData("PgWire")]
    public void No_state_is_static(string project) => Assert.Empty(StaticState(House.Assemblies[project].WrittenTypes()));

    [Fact]
    public void Static_state_is_found() => Assert.Equal([$"{nameof(Offender)}.Counter"], StaticState([typeof(Offender)]));

    private static bool SaysNothing(string name) => EmptyWord().IsMatch(name);

    private static IEnumerable<string> StaticState(IEnumerable<Type> types) =>
        from type in types
        from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        where !field.IsInitOnly && !field.IsLiteral && !field.Name.Contains('<', StringComparison.Ordinal)
        select $"{type.Name}.{field.Name}";

    [GeneratedRegex("(Util|Utils|Utility|Utilities|Helper|Helpers|Manager|Managers|Common)(?![a-z])")]
    private static partial Regex EmptyWord();

    private static class Offender
    {
        public static readonly int Fixed = 1;

        public static int Counter = 1;
    }
}
