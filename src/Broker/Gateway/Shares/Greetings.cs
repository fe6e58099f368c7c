using System.Collections.Immutable;
using Akka.Actor;
using Broker.Gateway.Links;
using Broker.PgWire.Values;

namespace Broker.Gateway.Shares;

/// <summary>
/// Those who have asked what a session begins with, which nobody knows before a link was opened. Owned by the share's actor.
/// </summary>
internal sealed class Greetings
{
    private readonly HashSet<IActorRef> _waiting = [];
    private Greeting? _greeting;

    /// <summary>Whether somebody waits for it.</summary>
    internal bool AreAwaited => _waiting.Count > 0;

    /// <summary>Somebody asks; false when it is not known yet.</summary>
    internal bool Greets(IActorRef who)
    {
        if (_greeting is { } greeting)
        {
            who.Tell(greeting, ActorRefs.NoSender);
            return true;
        }
        _waiting.Add(who);
        return false;
    }

    /// <summary>A link was opened: this is what a session begins with.</summary>
    internal void Learn(ImmutableDictionary<WireText, WireText> defaults)
    {
        _greeting = _greeting is { } same && same.IsOf(defaults) ? same : new(defaults);
        TellAll(_greeting);
    }

    /// <summary>
    /// Links are opened by another plan: where they lead elsewhere, the first of them says what a session begins with there.
    /// </summary>
    internal void Follow(LinkPlan before, LinkPlan after) => _greeting = after.Target.IsSameAs(before.Target) ? _greeting : null;

    /// <summary>All who wait are told this.</summary>
    internal void TellAll(object answer)
    {
        foreach (var who in _waiting)
        {
            who.Tell(answer, ActorRefs.NoSender);
        }
        _waiting.Clear();
    }
}
