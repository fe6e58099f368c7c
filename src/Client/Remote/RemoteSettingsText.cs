using Akka.Configuration;
using Broker.Client.Remote.Transport;

namespace Broker.Client.Remote;

/// <summary>The settings of Akka for both ends of a wire.</summary>
internal static class RemoteSettingsText
{
    /// <summary>The settings, with one serializer bound to the messages and another, which refuses, in place of JSON.</summary>
    public static Config For(WireFormat format) => ConfigurationFactory.ParseString($$"""
        akka {
          actor {
            provider = remote
            serializers {
              json = "{{NameOf(format.Refusing)}}"
              broker = "{{NameOf(format.Serializer)}}"
            }
            serialization-bindings {
              {{string.Join("\n      ", format.Messages.Select(static type => $"\"{NameOf(type)}\" = broker"))}}
            }
          }
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          coordinated-shutdown.run-by-clr-shutdown-hook = off
          remote {
            enabled-transports = ["akka.remote.broker-socket"]
            broker-socket {
              transport-class = "{{NameOf(typeof(SocketTransport))}}"
              applied-adapters = []
            }
            # nothing of Akka's own is taken from the other side
            untrusted-mode = on
            trusted-selection-paths = []
            log-remote-lifecycle-events = off
            use-dispatcher = "{{RemoteSystems.Dispatcher}}"
            turns {
              {{Turns}}
            }
            # a wire is used once: what is left of one that ended is soon forgotten
            retry-gate-closed-for = 2 s
            quarantine-after-silence = 10 s
            prune-quarantine-marker-after = 10 s
            # silence is for the two sides to judge by messages of their own
            transport-failure-detector {
              heartbeat-interval = 30 s
              acceptable-heartbeat-pause = 300 s
            }
            handshake-timeout = 15 s
            # a write that was not taken is tried again so soon
            backoff-interval = 10 ms
            flush-wait-on-shutdown = 500 ms
            shutdown-timeout = 2 s
            startup-timeout = 10 s
          }
        }
        """);

    /// <summary>
    /// The dispatcher whose actors run in turns of the thread that read, or of one that is taken for them (<see cref="RemoteTurn"/>).
    /// </summary>
    internal static string Turns =>
        $"""
        type = Dispatcher
        executor = "{NameOf(typeof(RemoteTurnExecutor.Configurator))}"
        throughput = 100
        throughput-deadline-time = 0 ms
        """;

    private static string NameOf(Type type) => $"{type.FullName}, {type.Assembly.GetName().Name}";
}
