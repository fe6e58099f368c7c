using System.Diagnostics;
using System.Runtime.CompilerServices;
using Akka.Actor;
using Akka.Dispatch;

namespace Broker.Gateway.Loops;

/// <summary>What a loop is doing, written by it and read by the watch on another thread.</summary>
internal sealed class TurnInProgress
{
    private const long Waiting = 0;

    private long _since;
    private long _number;
    private IRunnable? _running;

    /// <summary>Which turn it is.</summary>
    internal long Number => Volatile.Read(ref _number);

    /// <summary>The loop has begun a turn.</summary>
    internal void Begins()
    {
        Volatile.Write(ref _number, _number + 1);
        Volatile.Write(ref _since, Stopwatch.GetTimestamp());
    }

    /// <summary>The loop waits: for that it may take as long as it likes.</summary>
    internal void Waits()
    {
        Volatile.Write(ref _since, Waiting);
        _running = null;
    }

    /// <summary>What runs now.</summary>
    internal void Runs(IRunnable run) => _running = run;

    /// <summary>For how long the turn goes on; null while the loop waits.</summary>
    internal TimeSpan? Lasts() => Volatile.Read(ref _since) is var since && since == Waiting ? null : Stopwatch.GetElapsedTime(since);

    /// <summary>What runs, in words.</summary>
    internal string What() => Volatile.Read(ref _running) switch
    {
        null => "nothing",
        Mailbox mailbox =>
            ActorOf(mailbox) is { } actor ? $"{actor.Props.Type.Name} {actor.Self.Path.ToStringWithoutAddress()}" : nameof(Mailbox),
        var other => other.GetType().Name,
    };

    // Akka shows it to nobody. A queue of our own could know its owner, but then Akka wants the type of each loop's mailboxes in its
    // configuration, which we have none of.
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Actor")]
    private static extern ActorCell? ActorOf(Mailbox mailbox);
}
