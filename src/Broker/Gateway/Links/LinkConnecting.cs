using Akka.Actor;
using Broker.Budgets;
using Broker.Client.Protocol.Failures;
using Broker.Connections;
using Broker.PgWire.Logins;
using HostEndpoint = Broker.Configuration.HostEndpoint;
using TargetSessionAttributes = Broker.Configuration.TargetSessionAttributes;

namespace Broker.Gateway.Links;

/// <summary>
/// Opens a link: tries the hosts of a server, each within its connect-timeout, until one is of a supported version and fits
/// `target-session-attrs`. The same for links as <see cref="PhysicalConnector"/> is for the connections of the embedded door.
/// </summary>
internal sealed class LinkConnecting
{
    /// <summary>The server's answer to those for whom it has no rule, or one that says no.</summary>
    private const string NotAllowed = "28000";

    private readonly LinkPlan _plan;
    private readonly Credential? _shown;
    private readonly LinkSite _site;
    private readonly HostChoice _choice;
    private readonly IEnumerator<(HostEndpoint Host, TargetSessionAttributes Target)> _tries;
    private LinkAttempt? _attempt;
    private bool _otherWay;

    internal LinkConnecting(LinkPlan plan, Credential? shown, LinkSite site)
    {
        (_plan, _shown, _site) = (plan, shown, site);
        _choice = new(plan.Server, plan.Roles);
        _tries = _choice.Tries().GetEnumerator();
    }

    private sealed record HostOverdue : INoSerializationVerificationNeeded
    {
        internal static readonly HostOverdue Instance = new();
    }

    /// <summary>What it has come to; null before. It belongs to whoever takes it.</summary>
    internal LinkOpening? Opening { get; private set; }

    /// <summary>What the last host said, when there is none left.</summary>
    internal Failure? Failure { get; private set; }

    /// <summary>Begins.</summary>
    internal void Begin() => Next(null);

    /// <summary>Hears a message of the actor's; what is not about it is passed over.</summary>
    internal void Hear(object message)
    {
        if (message is HostOverdue)
        {
            Failed(ConnectFailures.Overdue(_plan.Pool, _attempt!.Host, _plan.Server));
            return;
        }
        _attempt!.Hear(message);
        if (_attempt.Failure is { } failure)
        {
            Failed(failure);
        }
        else if (_attempt.Opening is { } opening)
        {
            Judge(opening);
        }
    }

    /// <summary>Ends it, and closes what it has opened.</summary>
    internal void GiveUp()
    {
        _attempt?.GiveUp();
        _site.Timers.Cancel(this);
    }

    private void Next(Failure? failure)
    {
        if (!_tries.MoveNext())
        {
            Failure = failure;
            return;
        }
        _otherWay = false;
        var host = _tries.Current.Host;
        _site.Timers.StartSingleTimer(this, HostOverdue.Instance, _plan.Server.ConnectTimeout);
        Try(host, TlsToServer.First(_plan.Server.Tls, host));
    }

    private void Try(HostEndpoint host, TlsUse tls)
    {
        _attempt = new(_plan, host, tls, _shown, _site);
        _attempt.Begin();
    }

    private void Judge(LinkOpening opening)
    {
        var (backend, facts) = (opening.Session.Backend!, opening.Session.Facts);
        _plan.Roles.Answered(opening.Host, facts);
        var refusal = ServerVersion.Check(_plan.Pool, backend.Server, backend.ServerVersion)
            ?? TargetSession.Check(_plan.Pool, backend.Server, _tries.Current.Target, facts);
        if (refusal is not null)
        {
            Failed(refusal);
            return;
        }
        _site.Timers.Cancel(this);
        Opening = opening;
    }

    private void Failed(Failure failure)
    {
        var attempt = _attempt!;
        attempt.GiveUp();
        if (!_otherWay && attempt.Refusal?.SqlState == NotAllowed
            && TlsToServer.Second(_plan.Server.Tls, attempt.Host, attempt.WasEncrypted) is { } tls)
        {
            _otherWay = true;
            Try(attempt.Host, tls);
            return;
        }
        if (failure is ServerUnavailable && !attempt.WasLetIn)
        {
            _choice.WasDown(attempt.Host);
        }
        Next(failure);
    }
}
