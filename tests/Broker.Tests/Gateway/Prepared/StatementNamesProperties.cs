using Broker.Gateway.Prepared;
using Broker.PgWire.Messages;
using Broker.PgWire.Releasing;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;
using FsCheck.Xunit;
using Xunit;

namespace Broker.Tests.Gateway.Prepared;

/// <summary>Clients that change from link to link see what each would see on a server of its own.</summary>
public sealed class StatementNamesProperties
{
    private const int Most = 2;

    private static readonly string[] Names = ["", "", "a", "b", "broker_1"];
    private static readonly string[] Texts = ["select 1", "select 2", "select 3", "select 4", ModelSession.Bad.ToString()];

    [Property(MaxTest = 3_000)]
    public void Each_client_hears_what_a_server_of_its_own_would_have_said(int seed)
    {
        var random = new Random(seed);
        var book = new StatementBook();
        Client[] clients = [new(book), new(book)];
        List<Link> links = [new(book), new(book)];
        for (var step = 0; step < 120; step++)
        {
            var client = clients[random.Next(2)];
            if (client.Link is null)
            {
                client.Borrow(links, random.Next(links.Count));
            }
            if (random.Next(3) == 0)
            {
                client.Hear();
            }
            else
            {
                client.Say(Any(random));
            }
            if (random.Next(3) == 0)
            {
                client.TryReturn(links);
            }
        }
        foreach (var client in clients.Where(static client => client.Link is not null))
        {
            client.Say(Sync.Instance);
            client.HearAll();
            client.TryReturn(links);
            Assert.Null(client.Link);
        }
        Assert.All(clients, static client => Assert.Equal(client.Expected, client.Heard));
        Assert.All(links, static link => Assert.InRange(link.Server.Count, 0, Most + 1));
        Assert.All(clients, static client => Assert.Equal(0, client.Statements.Unanswered));

        // nothing is kept for nobody
        foreach (var client in clients)
        {
            client.Statements.Clear();
        }
        foreach (var link in links)
        {
            link.Statements.Clear();
        }
        Assert.Equal(0, book.Count);
    }

    private static IFrontendMessage Any(Random random)
    {
        var name = WireText.Of(random.GetItems(Names, 1)[0]);
        return random.Next(8) switch
        {
            0 or 1 => new Parse(name, WireText.Of(random.GetItems(Texts, 1)[0]), []),
            2 or 3 => new Bind(WireText.Empty, name, [], [], []),
            4 => new Describe(TargetKind.Statement, name),
            5 => new Close(TargetKind.Statement, name),
            6 => random.Next(3) == 0 ? new Query(WireText.Of("select 5")) : Sync.Instance,
            _ => Sync.Instance,
        };
    }

    private sealed class Link(StatementBook book)
    {
        internal ModelSession Server { get; } = new();

        internal LinkStatements Statements { get; } = new(book, Most);
    }

    private sealed class Client(StatementBook book)
    {
        private readonly ModelSession _own = new();
        private readonly Queue<Outgoing> _line = new();
        private bool _open;

        internal ClientStatements Statements { get; } = new(book);

        internal Link? Link { get; private set; }

        internal List<string> Expected { get; } = [];

        internal List<string> Heard { get; } = [];

        internal void Borrow(List<Link> links, int index)
        {
            Link = links[index];
            links.RemoveAt(index);
        }

        /// <summary>By the release rule: when all is answered and no series is open.</summary>
        internal void TryReturn(List<Link> links)
        {
            if (_line.Count > 0 || _open || Link!.Server.IsSkipping)
            {
                return;
            }
            links.Add(Link);
            Link = null;
        }

        internal void Say(IFrontendMessage message)
        {
            if (_own.Hear(message) is { } expected)
            {
                Expected.Add(expected);
            }
            var names = new StatementNames(book, Statements, Link!.Statements);
            if (names.MustWait(message))
            {
                HearAll();
            }
            foreach (var outgoing in names.Rewrite(message))
            {
                _line.Enqueue(outgoing);
            }
            _open = message is not (Sync or Query);
        }

        internal void HearAll()
        {
            while (_line.Count > 0)
            {
                Hear();
            }
        }

        /// <summary>The server reads the oldest message, and its answer arrives.</summary>
        internal void Hear()
        {
            if (!_line.TryDequeue(out var next))
            {
                return;
            }
            var answer = next.Message is { } message ? Link!.Server.Hear(message) : Link!.Server.IsSkipping ? null : next.Answer.ToString();
            if (answer is not null && (!next.IsHidden || answer.StartsWith("Error", StringComparison.Ordinal)))
            {
                Heard.Add(answer);
            }
            if (next.Accounts.HasFlag(Accounts.Client))
            {
                Tell(answer, Statements.Done, Statements.Failed, Statements.Skipped);
            }
            if (next.Accounts.HasFlag(Accounts.Link))
            {
                Tell(answer, Link!.Statements.Done, Link.Statements.Failed, Link.Statements.Skipped);
            }
        }

        private static void Tell(string? answer, Action done, Action failed, Action skipped)
        {
            if (answer is null)
            {
                skipped();
            }
            else if (answer.StartsWith("Error", StringComparison.Ordinal))
            {
                failed();
            }
            else
            {
                done();
            }
        }
    }
}
