using System.Net.Sockets;
using Akka.Actor;
using Akka.Event;

namespace Broker.Gateway.Listeners;

/// <summary>
/// Accepts clients at one address, away from the loops, and hands their sockets to its parent, to whom they belong from then on. What
/// accepting fails of - no descriptors left, most often - is waited out. It ends with its socket; a client that nobody has taken by then is
/// closed.
/// </summary>
internal sealed class ListenerActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    private readonly ListeningSocket _listening;
    private readonly Accepting _accepting = new();
    private readonly ILoggingAdapter _log = Context.GetLogger();

    public ListenerActor(ListeningSocket listening) => _listening = listening;

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    /// <param name="listening">Belongs to the actor from then on.</param>
    internal static Props For(ListeningSocket listening) => Props.Create(() => new ListenerActor(listening));

    private sealed record Accepted(Socket Socket) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    private sealed record AcceptFailed(Exception Cause) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    private sealed record AcceptAgain : INoSerializationVerificationNeeded
    {
        internal static readonly AcceptAgain Instance = new();
    }

    /// <inheritdoc/>
    protected override void PreStart() => Accept();

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Accepted accepted:
                _accepting.Taken();
                Context.Parent.Tell(new ClientConnected(accepted.Socket, _listening.Address, PeerProcess.Of(accepted.Socket)));
                Accept();
                break;
            case AcceptFailed failed:
                _log.Warning("Cannot accept a client at {Address}: {Cause}", _listening.Address, failed.Cause.Message);
                Timers.StartSingleTimer(nameof(AcceptAgain), AcceptAgain.Instance, Patience);
                break;
            case AcceptAgain:
                Accept();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _listening.Dispose();
        _accepting.Stop();
    }

    private void Accept() => _ = AcceptAsync(_listening.Socket, _accepting, Self);

    private static async Task AcceptAsync(Socket listening, Accepting accepting, IActorRef self)
    {
        try
        {
            var socket = await listening.AcceptAsync().ConfigureAwait(false);
            accepting.Arrived(socket);
            self.Tell(new Accepted(socket), ActorRefs.NoSender);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            self.Tell(new AcceptFailed(exception), ActorRefs.NoSender);
        }
    }

    /// <summary>
    /// A client between the accept and the actor, who may have ended meanwhile: whichever of the two comes second closes it.
    /// </summary>
    private sealed class Accepting
    {
        private Socket? _arrived;
        private int _stopped;

        internal void Arrived(Socket socket)
        {
            Interlocked.Exchange(ref _arrived, socket);
            if (Volatile.Read(ref _stopped) != 0)
            {
                socket.Dispose();
            }
        }

        internal void Taken() => Volatile.Write(ref _arrived, null);

        internal void Stop()
        {
            Interlocked.Exchange(ref _stopped, 1);
            Volatile.Read(ref _arrived)?.Dispose();
        }
    }
}

/// <summary>A client has connected. The socket belongs to whoever gets this, and was not used yet.</summary>
/// <param name="Socket">The socket.</param>
/// <param name="At">Where it came in, as a URL.</param>
/// <param name="Peer">Who it is, on a Unix socket.</param>
internal sealed record ClientConnected(Socket Socket, string At, PeerProcess? Peer) : INoSerializationVerificationNeeded;
