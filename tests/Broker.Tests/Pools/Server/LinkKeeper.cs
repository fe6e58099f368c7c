using System.Threading.Channels;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Connections;
using Broker.Leases;
using Broker.PgWire.Logins;
using Broker.PgWire.Messages.Frontend;
using Broker.Tests.Gateway.Wire;
using Npgsql;
using Xunit;

namespace Broker.Tests.Pools.Server;

/// <summary>
/// Opens server connections of its own in slots of a pool, as a share of the gateway does, and keeps them until others need them. What
/// happens is told to the test, by <see cref="Event"/>.
/// </summary>
internal sealed class LinkKeeper : UntypedActor
{
    private readonly IActorRef _pool;
    private readonly NpgsqlConnectionStringBuilder _target;
    private readonly string _admin;
    private readonly ChannelWriter<Event> _told;
    private readonly InUse _used;
    private readonly Dictionary<LeaseId, RawConnection> _open = [];
    private readonly HashSet<LeaseId> _closing = [];
    private readonly int _number;
    private int _wished;
    private int _asked;
    private int _wanted;
    private long _last;

    public LinkKeeper(int number, IActorRef pool, string target, string admin, ChannelWriter<Event> told, InUse used) =>
        (_number, _pool, _target, _admin, _told, _used) = (number, pool, new(target), admin, told, used);

    internal enum What
    {
        Opened,
        Closed,
        Failed,
        Revoked,
        Outdated,
        Refused,
    }

    internal sealed record Event(What What, LeaseId? Lease, RawConnection? Link, string Why);

    /// <summary>Have so many links, or as many as there are when others need them.</summary>
    internal sealed record Have(int Count);

    /// <summary>Say that a link is lost, though it is open still.</summary>
    internal sealed record Lose(LeaseId Lease);

    private sealed record Made(SlotLent Slot, RawConnection Link, BackendIdentity Backend);

    private sealed record NotMade(SlotLent Slot, string Why);

    private sealed record Gone(LeaseId Lease);

    internal static Props For(int number, IActorRef pool, string target, string admin, ChannelWriter<Event> told, InUse used) =>
        Props.Create(() => new LinkKeeper(number, pool, target, admin, told, used));

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Have have:
                _wished = have.Count;
                Ask();
                CloseWanted();
                break;
            case Lose lose:
                _open.Remove(lose.Lease);
                _pool.Tell(new ReturnSlot(lose.Lease, CloseReason.Broken, Clean: false));
                break;
            case SlotLent lent:
                _used.Enter();
                _ = MakeAsync(lent).PipeTo(Self, failure: failure => new NotMade(lent, failure.ToString()));
                break;
            case Made made:
                _asked--;
                _open[made.Slot.Lease] = made.Link;
                _pool.Tell(new NameSlot(made.Slot.Lease, made.Backend));
                _told.TryWrite(new(What.Opened, made.Slot.Lease, made.Link, ""));
                CloseWanted();
                break;
            case NotMade not:
                _asked--;
                _told.TryWrite(new(What.Failed, not.Slot.Lease, null, not.Why));
                var failure = new ServerUnavailable(not.Slot.Pool, "the server", not.Why);
                GiveBack(new ReturnSlot(not.Slot.Lease, CloseReason.Broken, Clean: true) { ConnectFailure = failure });
                break;
            case SlotRefused refused:
                _asked--;
                _told.TryWrite(new(What.Refused, null, null, refused.Failure.Code));
                break;
            case SlotsWanted wanted:
                _wanted = wanted.Count;
                CloseWanted();
                break;
            case SlotRevoked revoked:
                _told.TryWrite(new(What.Revoked, revoked.Lease, null, revoked.Reason));
                Close(revoked.Lease);
                break;
            case SlotsOutdated outdated:
                _told.TryWrite(new(What.Outdated, null, null, outdated.Reason.ToString()));
                foreach (var lease in _open.Keys.ToArray())
                {
                    Close(lease);
                }

                break;
            case Gone gone:
                _told.TryWrite(new(What.Closed, gone.Lease, null, ""));
                GiveBack(new ReturnSlot(gone.Lease, CloseReason.Yielded, Clean: true));
                break;
        }
    }

    private void Ask()
    {
        for (; _open.Count + _asked < _wished; _asked++)
        {
            _pool.Tell(new AcquireSlot(new ErrandId(_number, ++_last), null));
        }
    }

    private void CloseWanted()
    {
        while ((_wanted > _closing.Count || _open.Count > _wished) && _open.Count > 0)
        {
            Close(_open.Keys.First());
        }
    }

    private void Close(LeaseId lease)
    {
        if (_open.Remove(lease, out var link))
        {
            _closing.Add(lease);
            _ = EndAsync(link).PipeTo(Self, success: () => new Gone(lease), failure: _ => new Gone(lease));
        }
    }

    private void GiveBack(ReturnSlot slot)
    {
        _closing.Remove(slot.Lease);
        _wanted = Math.Max(0, _wanted - 1);
        _used.Leave();
        _pool.Tell(slot);
        Ask();
    }

    private async Task<Made> MakeAsync(SlotLent slot)
    {
        var link = await RawConnection.ConnectAsync(_target.Port);
        var (login, failed) = await link.LoginAsync(
            _target.Username!, _target.Password is { } password ? Credential.OfPassword(password) : Credential.None,
                database: _target.Database!);
        Assert.True(failed is null, $"{failed}");
        await using var asking = new NpgsqlConnection(_admin);
        await asking.OpenAsync();
        await using var command = new NpgsqlCommand("select backend_start, pg_postmaster_start_time() from pg_stat_activity where pid = $1",
            asking)
        {
            Parameters = { new NpgsqlParameter<int> { TypedValue = login.Key!.ProcessId } },
        };
        await using var row = await command.ExecuteReaderAsync();
        Assert.True(await row.ReadAsync());
        return new(slot, link,
            new(login.Key.ProcessId, row.GetDateTime(0), row.GetDateTime(1), 1, $"{_target.Host}:{_target.Port}", 150000));
    }

    /// <summary>The server closes its end when its process is gone.</summary>
    internal static async Task EndAsync(RawConnection link)
    {
        using (link)
        {
            await link.SendAsync(Terminate.Instance);
            await Assert.ThrowsAsync<EndOfStreamException>(async () =>
            {
                while (true)
                {
                    await link.ReceiveAsync();
                }
            });
        }
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        foreach (var link in _open.Values)
        {
            link.Dispose();
        }
    }
}

/// <summary>Counts what is in use at the same time.</summary>
internal sealed class InUse
{
    private int _now;
    private int _most;

    internal int Most => Volatile.Read(ref _most);

    internal void Enter()
    {
        var now = Interlocked.Increment(ref _now);
        for (var most = Most; now > most; most = Most)
        {
            Interlocked.CompareExchange(ref _most, now, most);
        }
    }

    internal void Leave() => Interlocked.Decrement(ref _now);
}
