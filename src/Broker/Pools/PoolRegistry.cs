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
    private BrokerSettings _settings;
    private readonly BrokerMeter _meter;
    private readonly TimeProvider _time;
    private readonly ImmutableDictionary<string, PoolHooks> _hooks;
    private readonly Dictionary<PoolId, StartedPool> _pools = [];
    private readonly Dictionary<string, StartedServer> _servers = [];
    private readonly HashSet<IActorRef> _stopping = [];
    private readonly HashSet<IActorRef> _unproven = [];
    private IActorRef? _proofAskedBy;
    private readonly HashSet<IActorRef> _stopAskedBy = [];

    public PoolRegistry(BrokerSettings settings, BrokerMeter meter, TimeProvider time, ImmutableDictionary<string, PoolHooks> hooks) =>
        (_settings, _meter, _time, _hooks) = (settings, meter, time, hooks);

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    internal static Props For(BrokerSettings settings, BrokerMeter meter, TimeProvider time,
        ImmutableDictionary<string, PoolHooks> hooks) =>
        Props.Create(() => new PoolRegistry(settings, meter, time, hooks));

    private sealed record StartedPool(IActorRef Actor, PoolPlan Plan);

    private sealed record StartedServer(IActorRef Budget, HostRoles Roles, ServerSettings Settings);

    private sealed record DrainOver : INoSerializationVerificationNeeded
    {
        internal static readonly DrainOver Instance = new();
    }

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() =>
        new OneForOneStrategy(failed => _servers.Values
            .Any(server => server.Budget.Equals(Sender)) ? Directive.Escalate : Directive.Restart);

    /// <inheritdoc/>
    protected override void PreStart()
    {
        StartServers();
        StartPools();
    }

    private void StartServers()
    {
        foreach (var server in _settings.Servers.Values)
        {
            var limits = new BudgetLimits(server.MaxConnections, server.Reserve, server.GhostLimit);
            if (!_servers.TryGetValue(server.Name, out var known))
            {
                var budget = ServerBudget.For(server.Name, limits, _meter, _time, _servers.Count);
                _servers[server.Name] = new(Context.ActorOf(budget, $"budget-{Uri.EscapeDataString(server.Name)}"),
                    new(server.HostRecheck, _time), server);
                continue;
            }
            known.Budget.Tell(new BudgetCommands.ChangeLimits(limits));
            var areSeen = known.Settings.HostRecheck == server.HostRecheck && known.Settings.Hosts.SequenceEqual(server.Hosts);
            _servers[server.Name] = known with { Settings = server, Roles = areSeen ? known.Roles : new(server.HostRecheck, _time) };
        }
    }

    private void StartPools()
    {
        foreach (var database in _settings.Databases.Values.Where(static database => !database.IsForOthers))
        {
            foreach (var user in database.Users.Values.Where(user => !_pools.ContainsKey(new(database.Name, user.Name))))
            {
                StartPool(database, user);
            }
        }
    }

    /// <summary>
    /// Settings were read anew. Pools and budgets that are there go on by them; what they are called decides which they are. One that is
    /// configured no longer serves those who have it, and is found by nobody, until it is configured again.
    /// </summary>
    private void OnTaken(BrokerSettings settings)
    {
        _settings = settings;
        StartServers();
        foreach (var (id, pool) in _pools.ToArray())
        {
            var plan = _settings.DatabaseFor(id.Database) is { } database && database.UserFor(id.User) is var user && user.Name == id.User
                // What is known of texts, and the errands in line, were judged by those from the start.
                ? PlanFor(id, database with { Errands = pool.Plan.Errands, Packing = pool.Plan.Packing }, user)
                : pool.Plan.Retired();
            _pools[id] = pool with { Plan = plan };
            pool.Actor.Tell(new PoolCommands.ChangePlan(plan));
        }
        StartPools();
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case FindPool find: OnFind(find); break;
            case FindGatewayPool find: OnFind(find); break;
            case BrokerSupervisor.SettingsTaken when _stopAskedBy.Count > 0: break;
            case BrokerSupervisor.SettingsTaken taken: OnTaken(taken.Settings); break;
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
        var supervisor = Context.ActorOf(TurnDispatcher.On(PoolSupervisor.For(plan)),
            $"{Uri.EscapeDataString(database.Name)}~{Uri.EscapeDataString(user.Name)}");
        _pools[pool] = new(supervisor, plan);
        if (user.Pool.WarmUp)
        {
            supervisor.Tell(PoolCommands.WarmUp.Instance);
        }
    }

    private PoolPlan PlanFor(PoolId pool, DatabaseSettings database, UserSettings user)
    {
        var (budget, roles, server) = _servers[database.Server];
        var hooks = _hooks.GetValueOrDefault(database.Name, PoolHooks.None);
        var connector = new PhysicalConnector(server, roles, database, user, _time);
        var ledger = database.Errands.Ledger.Table is { } table ? LedgerTable.Named(table) : null;
        var limits = new TripLimits(database.Packing.LockTimeout, database.Errands.ReplyLimit, database.Errands.ResultLimit,
            database.Errands.StatementsPrepared)
        {
            Ledger = ledger,
        };
        var connection = new ConnectionPlan(pool, connector, limits, database.Packing.TripLimit, user.Pool.PingTimeout, user.Pool.Reset)
        {
            ResetTimeout = user.Pool.ResetTimeout,
            Budget = budget,
            Hooks = new HookRunner(hooks, user.Pool.HookTimeout, _time),
        };
        var links = new LinkPlan
        {
            Pool = pool,
            Server = server,
            Roles = roles,
            Database = database,
            User = user,
            Gateway = _settings.Gateway,
            Time = _time,
        };
        var listening = new ListenerPlan(pool, connector, budget, user.Pool);
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
            Budget = budget,
            Log = _settings.Log,
            Tracing = BrokerHosting.TracingOf(_settings),
            Meter = _meter,
            Time = time,
            Seed = (ulong)Random.Shared.NextInt64(),
            Connection = (id, first, owner) => TurnDispatcher.On(ConnectionActor.For(id, first, owner, connection, time)),
            Listener = () => ListenerActor.For(listening),
            Listening = listening,
            Links = links,
            HasFirstConnect = hooks.Has(HookKind.FirstConnect),
            Settler = count => new SettlerPlan(pool, connector, budget, database.Errands, ledger, time, count),
        };
    }

    private void OnFind(FindPool find)
    {
        if (_stopAskedBy.Count > 0)
        {
            Sender.Tell(new Refused(new BrokerStopping("the broker")));
        }
        else if (_settings.Databases.TryGetValue(find.Database, out var database)
            && (find.User is null || database.UserFor(find.User).Name == find.User)
            && _pools.TryGetValue(new(find.Database, find.User ?? database.User), out var pool))
        {
            Sender.Tell(new PoolFound(pool.Plan.Pool, pool.Actor));
        }
        else
        {
            var nearest = database is null ? EditDistance.Nearest(find.Database, _settings.Databases.Keys) : null;
            Sender.Tell(new Refused(new UnknownDatabase(find.Database, find.User, nearest)));
        }
    }

    /// <summary>
    /// A client of the gateway has the pool of its own name when the database has such a user, and else that of the database's user. Where
    /// the database has no user, or is what stands for all others, a pool is made when its first client comes.
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
            Sender.Tell(new Refused(new UnknownDatabase(find.Database, find.User,
                EditDistance.Nearest(find.Database, _settings.Databases.Keys))));
            return;
        }
        var user = database.UserFor(find.User);
        var pool = new PoolId(database.Name, user.Name);
        if (!_pools.ContainsKey(pool))
        {
            StartPool(database, user);
        }
        var started = _pools[pool];
        Sender.Tell(new GatewayPoolFound(pool, started.Actor, started.Plan.Links!, user.Mode));
    }

    /// <summary>Has each pool with `fail-fast` open a connection. Who asked hears that all could, or the first failure.</summary>
    private void OnProve()
    {
        _proofAskedBy = Sender;
        foreach (var database in _settings.Databases.Values)
        {
            foreach (var user in database.Users.Values.Where(user => user.Pool.FailFast))
            {
                var pool = _pools[new(database.Name, user.Name)].Actor;
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
            foreach (var (pool, _) in _pools.Values)
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
