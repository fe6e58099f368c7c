using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Reflection;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.Serialization;
using Broker.Client;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;

namespace Broker.Tests.Hosting;

/// <summary>
/// What actors of one system tell each other, written and read as it would be between two: every message of the protocol becomes bytes and
/// another object, so that nobody can rely on sharing it. All other messages stay the objects that they are: they never leave the process,
/// and hold connections and tasks. So do the members that are not sent (<see cref="NotSentAttribute"/>), which mean something in the
/// process only. A message that cannot be written is dropped by Akka, so whoever waits for what comes of it waits in vain; where that is not
/// what the test asked for, the run ends and says why, rather than never.
/// </summary>
public sealed class LocalSerializer : Serializer
{
    /// <summary>
    /// Settings of a system whose messages go through it: it stands where Akka has the serializer of all types without a binding.
    /// </summary>
    internal const string Hocon = """
        akka.actor.serialize-messages = on
        akka.actor.serializers.json = "Broker.Tests.Hosting.LocalSerializer, Broker.Contract.Tests"

        """;

    private const int NumberLength = sizeof(long);
    // a reply within the broker may be an IBrokerReply too, without being one of these
    private static readonly FrozenSet<Type> Protocol = RemoteMessages.All.ToFrozenSet();

    private readonly ConcurrentDictionary<long, object> _told = new();
    private readonly BrokerSerializer _wire;
    private long _last;

    /// <summary>As Akka makes it.</summary>
    public LocalSerializer(ExtendedActorSystem system) : base(system)
    {
        _wire = new(system);
        system.EventStream.Subscribe(new Dropped(system), typeof(Error));
    }

    /// <summary>As Akka makes it where there are settings for the serializer; they say nothing here.</summary>
    public LocalSerializer(ExtendedActorSystem system, Config config) : this(system) => _ = config;

    public override int Identifier => 1;

    public override bool IncludeManifest => false;

    public override byte[] ToBinary(object obj)
    {
        var number = Interlocked.Increment(ref _last);
        byte[] bytes = [.. BitConverter.GetBytes(number), .. Protocol.Contains(obj.GetType()) ? _wire.ToBinary(obj) : []];
        _told[number] = obj;
        return bytes;
    }

    public override object FromBinary(byte[] bytes, Type type)
    {
        _told.Remove(BitConverter.ToInt64(bytes), out var told);
        if (bytes.Length == NumberLength)
            return told!;
        var read = _wire.FromBinary(bytes[NumberLength..], _wire.Manifest(told!));
        KeepUnsent(told!, read);
        return read;
    }

    /// <summary>Hears of messages that were dropped as they were told.</summary>
    private sealed class Dropped(ExtendedActorSystem system) : MinimalActorRef
    {
        public override ActorPath Path { get; } = system.Provider.TempPath();

        public override IActorRefProvider Provider => system.Provider;

        protected override void TellInternal(object message, IActorRef sender)
        {
            if (message is Error { Cause: { } cause } error
                && $"{error.Message}".Contains("during message send", StringComparison.Ordinal)
                && !IsRefusal(cause))
            {
                Environment.FailFast($"a message was dropped: {error}", cause);
            }
        }

        private static bool IsRefusal(Exception cause) =>
            cause is BrokerException || (cause.InnerException is { } inner && IsRefusal(inner));
    }

    private static void KeepUnsent(object told, object read)
    {
        foreach (var property in told.GetType().GetProperties().Where(static property => property.CanWrite))
        {
            var value = property.GetValue(told);
            if (property.IsDefined(typeof(NotSentAttribute)))
                property.SetValue(read, value);
            else if (value is IBrokerRequest)
                KeepUnsent(value, property.GetValue(read)!);
        }
    }
}
