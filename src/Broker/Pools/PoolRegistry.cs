using System.Collections.Immutable;
using Akka.Actor;
using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Connections;
using Broker.Diagnostics;
using Broker.Errands;
using Broker.Gateway.Links;
using Broker.Hosting;
using Broker.Listening;
using Broker.Pools.Hooks;
using Broker.Settlement;

namespace Broker.Pools;

/// <summary>
/// `/user/broker/pools`: owns the pools, one for each configured (database, user) pair, and the budgets of their servers. All pools exist
/// from the start; they open nothing before somebody asks. A pool that fails begins anew under the same reference, and no other pool
/// notices. A budget that fails would forget who holds what, so everything here begins anew with it.
/// </summary>
internal sealed class PoolRegistry : UntypedActor, IWithTimers
{
    private readonly BrokerSettings _settings;
    private readonly BrokerMeter _meter;
    private readonly TimeProvider _time;
    private readonly ImmutableDictionary<string, PoolHooks> _hooks;
    private readonly Dictionary<(string Database, string User), IActorRef> _pools = [];
    private readonly Dictionary<string, IActorRef> _budgets = [];
    private readonly Dictionary<string, HostRoles> _roles = [];
    private readonly HashSet<IActorRef> _stopping = [];
    private readonly HashSet<IActorRef> _unproven = [];
    private IActorRef? _proofAskedBy;
    private readonly HashSet<IActorRef> _stopAskedBy = [];

    public PoolRegistry(BrokerSettings settings, BrokerMeter meter, TimeProvider time, ImmutableDictionary<string, PoolHooks> hooks) =>
        (_settings, _meter, _time, _hooks) = (settings, meter, time, hooks);

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    internal static Props For(BrokerSettings settings, BrokerMeter meter, TimeProvider time, ImmutableDictionary<string, PoolHooks> hooks) =>
        Props.Create(() => new PoolRegistry(settings, meter, time, hooks));

    private sealed record DrainOver : INoSerializationVerificationNeeded
    {
        internal static readonly DrainOver Instance = new();
    }

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() =>
        new OneForOneStrategy(failed => _budgets.ContainsValue(Sender) ? Directive.Escalate : Directive.Restart);

    /// <inheritdoc/>
    protected override void PreStart()
    {
        foreach (var server in _settings.Servers.Values)
        {
            _roles[server.Name] = new(server.HostRecheck, _time);
            _budgets[server.Name] = Context.ActorOf(ServerBudget.For(server.Name, new BudgetLimits(server.MaxConnections, server.Reserve, server.GhostLimit), _meter, _time), $"budget-{Uri.EscapeDataString(server.Name)}");
        }
        foreach (var database in _settings.Databases.Values.Where(static database => !database.IsForOthers))
        {
            foreach (var user in database.Users.Values)
            {
                StartPool(database, user);
            }
        }
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case FindPool find: OnFind(find); break;
            case FindGatewayPool find: OnFind(find); break;
            case BrokerSupervisor.StopBroker: OnStop(); break;
            case BrokerSupervisor.ProveConnects: OnProve(); break;
            case FirstOpened: OnProven(Sender, null); break;
            case Refused refused: OnProven(Sender, refused); break;
            case PoolStopped: OnPoolStopped(Sender); break;
            case DrainOver:
                foreach (var pool in _stopping)
                {
                    pool.Tell(new PoolCommands.StopPool(Drain: false));
                }
                break;
            default: Unhandled(message); break;
        }
    }

    private void StartPool(DatabaseSettings database, UserSettings user)
    {
        var pool = new PoolId(database.Name, user.Name);
        var plan = PlanFor(pool, database, user);
        var supervisor = Context.ActorOf(PoolSupervisor.For(plan), $"{Uri.EscapeDataString(database.Name)}~{Uri.EscapeDataString(user.Name)}");
        _pools[(database.Name, user.Name)] = supervisor;
        if (user.Pool.WarmUp)
        {
            supervisor.Tell(PoolCommands.WarmUp.Instance);
        }
    }

    private PoolPlan PlanFor(PoolId pool, DatabaseSettings database, UserSettings user)
    {
        var server = _settings.Servers[database.Server];
        var hooks = _hooks.GetValueOrDefault(database.Name, PoolHooks.None);
        var connector = new PhysicalConnector(server, _roles[server.Name], database, user, _time);
        var ledger = database.Errands.Ledger.Table is { } table ? LedgerTable.Named(table) : null;
        var limits = new TripLimits(database.Packing.LockTimeout, database.Errands.ReplyLimit, database.Errands.ResultLimit, database.Errands.StatementsPrepared)
        {
            Ledger = ledger,
        };
        var connection = new ConnectionPlan(pool, connector, limits, database.Packing.TripLimit, user.Pool.PingTimeout, user.Pool.Reset)
        {
            ResetTimeout = user.Pool.ResetTimeout,
            Budget = _budgets[server.Name],
            Hooks = new HookRunner(hooks, user.Pool.HookTimeout, _time),
        };
        var time = _time;
        return new PoolPlan
        {
            Pool = pool,
            Settings = user.Pool,
            Packing = database.Packing,
            Errands = database.Errands,
            Weight = database.Weight,
            MostTrips = Math.Min(user.Pool.Limit ?? int.MaxValue, server.MaxConnections),
            HoldersShown = _settings.Diagnostics.Holders,
            Budget = _budgets[server.Name],
            Log = _settings.Log,
            Tracing = BrokerHosting.TracingOf(_settings),
            Meter = _meter,
            Time = time,
            Seed = (ulong)Random.Shared.NextInt64(),
            Connection = (id, first, owner) => ConnectionActor.For(id, first, owner, connection, time),
            Listener = () => ListenerActor.For(new(pool, connector, _budgets[server.Name], user.Pool)),
            HasFirstConnect = hooks.Has(HookKind.FirstConnect),
            Settler = count => new SettlerPlan(pool, connector, _budgets[server.Name], database.Errands, ledger, time, count),
        };
    }

    private void OnFind(FindPool find)
    {
        if (_stopAskedBy.Count > 0)
        {
            Sender.Tell(new Refused(new BrokerStopping("the broker")));
        }
        else if (_settings.Databases.TryGetValue(find.Database, out var database)
            && _pools.TryGetValue((find.Database, find.User ?? database.User), out var pool))
        {
            Sender.Tell(new PoolFound(new(find.Database, find.User ?? database.User), pool));
        }
        else
        {
            var nearest = database is null ? EditDistance.Nearest(find.Database, _settings.Databases.Keys) : null;
            Sender.Tell(new Refused(new UnknownDatabase(find.Database, find.User, nearest)));
        }
    }

    /// <summary>
    /// A client of the gateway has the pool of its own name when the database has such a user, and else that of the database's user. Where the
    /// database has no user, or is what stands for all others, a pool is made when its first client comes.
    /// </summary>
    private void OnFind(FindGatewayPool find)
    {
        if (_stopAskedBy.Count > 0)
        {
            Sender.Tell(new Refused(new BrokerStopping("the broker")));
            return;
        }
        if (_settings.DatabaseFor(find.Database) is not { } database)
        {
            Sender.Tell(new Refused(new UnknownDatabase(find.Database, find.User, EditDistance.Nearest(find.Database, _settings.Databases.Keys))));
            return;
        }
        var user = database.UserFor(find.User);
        var pool = new PoolId(database.Name, user.Name);
        if (!_pools.ContainsKey((pool.Database, pool.User)))
        {
            StartPool(database, user);
        }
        var links = new LinkPlan
        {
            Pool = pool,
            Server = _settings.Servers[database.Server],
            Roles = _roles[database.Server],
            Database = database,
            User = user,
            Gateway = _settings.Gateway,
            Time = _time,
        };
        Sender.Tell(new GatewayPoolFound(pool, _pools[(pool.Database, pool.User)], links, user.Mode));
    }

    /// <summary>Has each pool with `fail-fast` open a connection. Who asked hears that all could, or the first failure.</summary>
    private void OnProve()
    {
        _proofAskedBy = Sender;
        foreach (var database in _settings.Databases.Values)
        {
            foreach (var user in database.Users.Values.Where(user => user.Pool.FailFast))
            {
                var pool = _pools[(database.Name, user.Name)];
                _unproven.Add(pool);
                pool.Tell(PoolCommands.OpenFirst.Instance);
            }
        }
        SayProven();
    }

    private void OnProven(IActorRef pool, Refused? refused)
    {
        _unproven.Remove(pool);
        if (refused is not null)
        {
            _proofAskedBy?.Tell(refused);
            _proofAskedBy = null;
        }
        SayProven();
    }

    private void SayProven()
    {
        if (_unproven.Count == 0)
        {
            _proofAskedBy?.Tell(ConnectsProven.Instance);
            _proofAskedBy = null;
        }
    }

    private void OnStop()
    {
        var first = _stopAskedBy.Count == 0;
        _stopAskedBy.Add(Sender);
        if (first)
        {
            foreach (var pool in _pools.Values)
            {
                _stopping.Add(pool);
                pool.Tell(new PoolCommands.StopPool(Drain: true));
            }
            Timers.StartSingleTimer(nameof(DrainOver), DrainOver.Instance, _settings.Shutdown.DrainTimeout);
        }
        SayStopped();
    }

    private void OnPoolStopped(IActorRef pool)
    {
        _stopping.Remove(pool);
        SayStopped();
    }

    private void SayStopped()
    {
        if (_stopping.Count == 0)
        {
            foreach (var asker in _stopAskedBy)
            {
                asker.Tell(BrokerStopped.Instance);
            }
        }
    }
}
