using Broker.Client.Diagnostics;
using Broker.Client.Remote.Transport;

namespace Broker.Client.Remote;

/// <summary>How a program reaches a broker from afar. Changed by `with`.</summary>
public sealed record RemoteOptions
{
    /// <summary>As whom it logs in: one of the gateway's users (`broker.gateway.auth-file`, or a user of a database).</summary>
    public required string User { get; init; }

    /// <summary>The user's password. It never leaves the process: the broker is shown a proof of it (SCRAM-SHA-256, RFC 7677).</summary>
    public required string Password { get; init; }

    /// <summary>The certificates of both ends; null for a broker on this machine that listens without TLS.</summary>
    public TlsEnd? Tls { get; init; }

    /// <summary>How long the first connect may take, login included; 15 s unless given. 100 ms to 10 min.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long the broker may be out of reach before requests that wait for it are refused; 30 s unless given. Zero to 1 h. Until then
    /// they wait, and are sent when it is reached again.
    /// </summary>
    public TimeSpan LossLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How large what is on its way in pieces may be, all of it together, in bytes: large values and results; 256 MiB unless given. 1 MiB
    /// to 2 GiB - 1. The broker is told: what is more goes one behind the other, and an answer that is larger by itself is
    /// <see cref="Protocol.Failures.ResultTooLarge"/>.
    /// </summary>
    public int LargestMessages { get; init; } = 256 * 1024 * 1024;

    /// <summary>What is told to listeners of the activity source Broker; null: activities without statement texts.</summary>
    public TracingOptions? Tracing { get; init; }

    /// <summary>Does not print the password.</summary>
    public override string ToString() => $"RemoteOptions {{ User = {User}, Tls = {Tls is not null}, ConnectTimeout = {ConnectTimeout} }}";

    internal void Check()
    {
        ArgumentNullException.ThrowIfNull(User);
        ArgumentNullException.ThrowIfNull(Password);
        Check(ConnectTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10), nameof(ConnectTimeout));
        Check(LossLimit, TimeSpan.Zero, TimeSpan.FromHours(1), nameof(LossLimit));
        Check(LargestMessages, 1024 * 1024, int.MaxValue, nameof(LargestMessages));
    }

    private static void Check<T>(T value, T least, T most, string name) where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            throw new ArgumentOutOfRangeException(name, value, $"allowed is {least} to {most}");
        }
    }
}
