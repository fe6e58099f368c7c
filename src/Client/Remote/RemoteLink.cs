using Akka.Actor;
using Akka.Configuration;
using Broker.Client.Remote.Links;
using Broker.Client.Sending;

namespace Broker.Client.Remote;

/// <summary>
/// A program's link to one broker, with the actor system that its callers and the link's actor live in. That system has no network; each
/// connection has one of its own.
/// </summary>
internal sealed class RemoteLink
{
    /// <summary>For systems inside a program that has its own log: what they have to say is said by exceptions.</summary>
    internal static readonly Config Silent = ConfigurationFactory.ParseString(
        """
        akka {
          loggers = []
          loglevel = ERROR
          stdout-loglevel = OFF
          log-dead-letters = off
          coordinated-shutdown.run-by-clr-shutdown-hook = off
        }
        """);

    private readonly ActorSystem _system;
    private readonly RemoteOptions _options;
    private readonly ReplyHome _home;
    private readonly IActorRef _actor;
    private readonly StatementSender _sender;
    private Task<IActorRef>? _broker;
    private int _closes;

    private RemoteLink(RemoteAddress address, RemoteOptions options)
    {
        _options = options;
        _system = ActorSystem.Create("broker-client",
            ConfigurationFactory.ParseString($"{RemoteSystems.Dispatcher} {{\n{RemoteSettingsText.Turns}\n}}").WithFallback(Silent));
        _home = ReplyHome.Of(_system);
        // In the turn of the thread that read the broker's answers, without another being woken.
        _actor = _system.ActorOf(LinkActor.For(address, options, _home, TimeProvider.System).WithDispatcher(RemoteSystems.Dispatcher),
            "link");
        _sender = new(_system, OpenAsync, options.Tracing);
    }

    /// <summary>A link that begins to connect now.</summary>
    /// <exception cref="ArgumentException">The address is none, or an option is out of its range.</exception>
    /// <exception cref="BrokerException">No user can have the name.</exception>
    internal static RemoteLink To(string address, RemoteOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        if (UserName.Refusal(options.User) is { } refused)
        {
            throw new BrokerException(refused);
        }
        return new(RemoteAddress.Parse(address), options);
    }

    /// <summary>A client over it.</summary>
    internal BrokerClient Client() => new(_sender, SendingTerms.Default, null, this);

    /// <summary>The broker's supervisor, once the broker was reached.</summary>
    /// <exception cref="BrokerException">It could not be, within <see cref="RemoteOptions.ConnectTimeout"/>.</exception>
    internal Task<IActorRef> OpenAsync(CancellationToken cancellation) =>
        Volatile.Read(ref _broker) is { IsCompletedSuccessfully: true } known ? known : FirstAsync(cancellation);

    /// <summary>Ends it. Any number of times, and by any number at a time.</summary>
    internal async Task CloseAsync()
    {
        if (Interlocked.Exchange(ref _closes, 1) != 0)
        {
            await _system.WhenTerminated.ConfigureAwait(false);
        }
        else
        {
            var closed = new Reply<LinkMessages.Closed>(_home, static answer => (LinkMessages.Closed)answer);
            _actor.Tell(LinkMessages.Close.Instance, closed);
            await closed.Answer.ConfigureAwait(false);
            await _system.Terminate().ConfigureAwait(false);
        }
    }

    /// <summary>The same, not waited for.</summary>
    internal void Close() => _ = CloseAsync();

    private async Task<IActorRef> FirstAsync(CancellationToken cancellation)
    {
        var reply = new Reply<IActorRef>(_home, static answer => ((LinkMessages.Opened)answer).Broker);
        _actor.Tell(new LinkMessages.Open(_options.ConnectTimeout), reply);
        using var giveUp = cancellation.UnsafeRegister(
            static (state, token) => ((Reply<IActorRef>)state!).TryAbandon(new OperationCanceledException(token)), reply);
        var broker = await reply.Answer.ConfigureAwait(false);
        Volatile.Write(ref _broker, Task.FromResult(broker));
        return broker;
    }
}
