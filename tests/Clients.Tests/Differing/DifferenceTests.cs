using Broker.Clients.Tests.Reaching;
using Xunit;

namespace Broker.Clients.Tests.Differing;

/// <summary>
/// The same scripts at the server and at each endpoint, message by message. The server itself is among the endpoints: a script that is not
/// answered the same way twice would say nothing of a broker.
/// </summary>
public sealed class DifferenceTests
{
    private static readonly Script[] Scripts = [.. ScriptsOfStatements.All, .. ScriptsOfTransactions.All];

    /// <summary>Every endpoint with every script that may be spoken there.</summary>
    public static TheoryData<string, string> Pairs
    {
        get
        {
            var pairs = new TheoryData<string, string>();
            foreach (var script in Scripts)
            {
                foreach (var endpoint in Endpoints.That(script.Needs))
                {
                    pairs.Add(endpoint, script.Name);
                }
            }
            return pairs;
        }
    }

    [Theory, MemberData(nameof(Pairs))]
    public async Task A_script_is_answered_as_the_server_answers_it(string name, string about)
    {
        var endpoint = await Endpoints.OpenAsync(name);
        var script = Scripts.Single(script => script.Name == about);
        await MakeTablesAsync(endpoint);
        var expected = await Conversation.HoldAsync(endpoint.Server, script);
        await MakeTablesAsync(endpoint);

        var heard = await Conversation.HoldAsync(endpoint, script);

        Assert.DoesNotContain(expected, line => line.Contains(Conversation.InsteadOf, StringComparison.Ordinal));
        Assert.True(expected.SequenceEqual(heard), Compare(expected, heard));
    }

    [Theory, MemberData(nameof(Pairs))]
    public async Task Among_others_it_is_answered_as_if_there_were_none(string name, string about)
    {
        var endpoint = await Endpoints.OpenAsync(name);
        var script = Scripts.Single(script => script.Name == about);
        await MakeTablesAsync(endpoint);
        var expected = await Conversation.HoldAsync(endpoint.Server, script);
        await MakeTablesAsync(endpoint);
        using var others = await Others.OpenAsync(endpoint);

        var heard = await Conversation.HoldAsync(endpoint, script, others);

        Assert.True(expected.SequenceEqual(heard), Compare(expected, heard));
    }

    [Theory, Through(Keeping.Statement)]
    public async Task What_is_reported_at_the_login_is_what_the_server_reports(string name)
    {
        var endpoint = await Endpoints.OpenAsync(name);

        Assert.Equal(await Conversation.GreetAsync(endpoint.Server), await Conversation.GreetAsync(endpoint));
    }

    [Fact]
    public void A_difference_is_found_and_shown_with_what_came_before_it() =>
        Assert.Equal("after\n  a\n  b\nexpected\n  c\nheard\n  d", Compare(["a", "b", "c"], ["a", "b", "d"]));

    private static Task<object?> MakeTablesAsync(Endpoint endpoint) => endpoint.AtServerAsync("""
        drop table if exists diff_items, diff_notes, diff_late, diff_changing;
        create table diff_items (id int primary key, words text);
        insert into diff_items values (1, 'one'), (2, null), (3, 'drei');
        create table diff_notes (words text);
        create table diff_late (id int unique deferrable initially deferred);
        """);

    private static string Compare(IReadOnlyList<string> expected, IReadOnlyList<string> heard)
    {
        const int Before = 4;
        const int After = 3;
        var same = expected.Zip(heard).TakeWhile(pair => pair.First == pair.Second).Count();
        return string.Join('\n', [
            "after", .. expected.Take(same).TakeLast(Before).Select(Indented),
            "expected", .. expected.Skip(same).Take(After).Select(Indented),
            "heard", .. heard.Skip(same).Take(After).Select(Indented),
        ]);
    }

    private static string Indented(string line) => $"  {line}";
}
