using System.Buffers;
using System.Text;
using Akka.Actor;
using Broker.Configuration;
using Broker.Connections;
using Broker.Gateway.Links;
using Broker.Gateway.Loops;
using Broker.Gateway.Prepared;
using Broker.Gateway.Sockets;
using Broker.Leases;
using Broker.PgWire.Logins;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Releasing;
using Broker.PgWire.Values;
using Broker.Tests.Gateway.Loops;
using Npgsql;
using Xunit;
using Failure = Broker.Client.Protocol.Failures.Failure;
using Threaded = System.Threading.Channels;

namespace Broker.Tests.Gateway.Links;

/// <summary>A share of a pool on a loop that has links made and hears of them; a test lends them to itself.</summary>
internal sealed class LinkStage : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly LoopSystem _loops;
    private readonly Threaded.Channel<object> _heard = Threaded.Channel.CreateUnbounded<object>();
    private readonly BrokerSettings _settings;
    private readonly IActorRef _share;
    private long _slots;

    private LinkStage(bool portable, string hocon)
    {
        _settings = BrokerSettings.Parse(hocon);
        _loops = new(portable);
        var server = _settings.Servers["main"];
        var database = _settings.Databases["orders"];
        Roles = new(server.HostRecheck, TimeProvider.System);
        Plan = new()
        {
            Pool = new("orders", database.User),
            Server = server,
            Roles = Roles,
            Database = database,
            User = database.Users[database.User],
            Gateway = _settings.Gateway,
            Time = TimeProvider.System,
        };
        _share = _loops.System.ActorOf(Props.Create(() => new Share(_heard.Writer)).WithDispatcher(_loops.Dispatchers[0]));
    }

    internal LinkPlan Plan { get; }

    internal HostRoles Roles { get; }

    internal StatementBook Book { get; } = new();

    internal ActorSystem Loops => _loops.System;

    /// <summary>With a server that a connection string names.</summary>
    internal static LinkStage For(bool portable, string connectionString, string server = "", string database = "", string more = "")
    {
        var target = new NpgsqlConnectionStringBuilder(connectionString);
        return Of(portable, $"host = \"{target.Host}\", port = {target.Port}\n{server}",
            $"database = {target.Database}, user = {target.Username}\n{database}", more);
    }

    /// <summary>
    /// With settings of a server and a database as they are written. A cleaning may take long, unless `more` says otherwise.
    /// </summary>
    internal static LinkStage Of(bool portable, string server, string database, string more = "") => new(portable, $$"""
        broker.servers.main {
          tls = disable
          {{server}}
        }
        broker.databases.orders {
          server = main
          {{database}}
        }
        broker.pool.reset-timeout = 1m
        {{more}}
        """);

    /// <summary>Has a link made.</summary>
    internal Task<IActorRef> MakeAsync(Credential? shown = null)
    {
        var number = ++_slots;
        var slot = new SlotLent(Plan.Pool, new(number), new(number), new(1, number));
        return LoopSystem.DoAsync(_share,
            context => context.ActorOf(WireLinkActor.For(Plan, slot, shown, Book).WithDispatcher(context.Dispatcher.Id)));
    }

    /// <summary>Has one made, which opens.</summary>
    internal async Task<WireLink> OpenAsync(Credential? shown = null)
    {
        await MakeAsync(shown);
        return (await HearAsync<LinkEvents.Opened>()).Link;
    }

    /// <summary>Has one made, which does not.</summary>
    internal async Task<Failure> FailAsync(Credential? shown = null)
    {
        await MakeAsync(shown);
        return (await HearAsync<LinkEvents.OpenFailed>()).Failure;
    }

    /// <summary>What the share hears next.</summary>
    internal async Task<T> HearAsync<T>()
    {
        using var limit = new CancellationTokenSource(Limit);
        return Assert.IsType<T>(await _heard.Reader.ReadAsync(limit.Token));
    }

    /// <summary>Does something on the loop.</summary>
    internal Task<T> DoAsync<T>(Func<T> what) => DoAsync(_ => what());

    /// <summary>The same, as the share.</summary>
    internal Task<T> DoAsync<T>(Func<IActorContext, T> what) => LoopSystem.DoAsync(_share, what);

    /// <summary>Takes a link, and sends something on it.</summary>
    internal Task SendAsync(WireLink link, params IFrontendMessage[] messages) => DoAsync(() =>
    {
        if (!link.Channel.Port.Owner.Equals(_share))
        {
            link.Phase = LinkPhase.Lent;
            link.Channel.GiveTo(_share);
        }
        var writer = new WireWriter();
        foreach (var message in messages)
        {
            var start = writer.Written.Length;
            message.Write(writer);
            link.Use.Sent((FrontendType)writer.Written.Span[start]);
        }
        return link.Channel.Write(writer.Written.Span);
    });

    /// <summary>Reads on a link that it has taken, until something is so.</summary>
    internal async Task<IReadOnlyList<IBackendMessage>> ReadAsync(WireLink link, Func<LinkUse, bool> until)
    {
        var reading = new Reading(link, until);
        _share.Tell(reading);
        return await reading.Done.Task.WaitAsync(Limit);
    }

    /// <summary>Runs a text on an idle link, which is idle again afterwards.</summary>
    internal async Task<string> QueryAsync(WireLink link, string text)
    {
        await SendAsync(link, new Query(WireText.Of(text)));
        var answers = await ReadAsync(link, static use => use.CanRelease);
        await DoAsync(() =>
        {
            link.Phase = LinkPhase.Idle;
            link.Channel.GiveTo(link.Actor);
            return true;
        });
        return string.Join('\n',
            answers.OfType<DataRow>()
                .Select(row => string.Join('|', row.Values.Select(value => Encoding.UTF8.GetString(value!.Value.Span)))));
    }

    /// <summary>Waits until the process of a link is gone from the server.</summary>
    internal static async Task<bool> IsGoneAsync(string connectionString, WireLink link)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand("select count(*) = 0 from pg_stat_activity where pid = $1 and backend_start = $2");
        command.Parameters.Add(new() { Value = link.Backend.Pid });
        command.Parameters.Add(new() { Value = link.Backend.BackendStart });
        return (bool)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Waits until the server sleeps for a link, as it was told.</summary>
    internal static async Task RunsAsync(string connectionString, WireLink link)
    {
        Assert.Equal(LinkPhase.Lent, link.Phase);
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command =
            source.CreateCommand($"select wait_event = 'PgSleep' from pg_stat_activity where pid = {link.Backend.Pid}");
        using var limit = new CancellationTokenSource(Limit);
        while (await command.ExecuteScalarAsync(limit.Token) is not true)
        {
            await Task.Delay(5, limit.Token);
        }
    }

    public ValueTask DisposeAsync() => _loops.DisposeAsync();

    private sealed record Reading(WireLink Link, Func<LinkUse, bool> Until)
    {
        internal List<IBackendMessage> Messages { get; } = [];

        internal TaskCompletionSource<IReadOnlyList<IBackendMessage>> Done { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal void GoOn()
        {
            var state = Link.Input.Read(Link.Channel, int.MaxValue, frame =>
            {
                if (frame.IsWhole)
                {
                    Messages.Add(BackendMessages.Read(frame.Type, frame.Body.ToArray(), out _)!);
                }
                Hearing.Take(Link, frame);
                return !Until(Link.Use);
            });
            if (Until(Link.Use))
            {
                Done.TrySetResult(Messages);
            }
            else if (state is not InputState.Drained)
            {
                Done.TrySetException(new EndOfStreamException(state.ToString()));
            }
        }
    }

    private sealed class Share(Threaded.ChannelWriter<object> heard) : UntypedActor
    {
        private Reading? _reading;

        protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(static _ => Directive.Stop);

        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case LoopSystem.Doer.Do(var what):
                    what(Context);
                    break;
                case Reading reading:
                    _reading = reading;
                    GoOn();
                    break;
                case PortReady { Port: var port }:
                    if (port.Owner.Equals(Self))
                    {
                        port.Look();
                        GoOn();
                    }
                    break;
                default:
                    heard.TryWrite(message);
                    break;
            }
        }

        // what comes later is for who reads next
        private void GoOn()
        {
            _reading?.GoOn();
            if (_reading is { Done.Task.IsCompleted: true })
            {
                _reading = null;
            }
        }
    }
}
