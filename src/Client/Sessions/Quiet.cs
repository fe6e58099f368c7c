namespace Broker.Client.Sessions;

/// <summary>Where a flow of control wants no autoflush of a session.</summary>
internal sealed class Quiet : IDisposable
{
    private static readonly AsyncLocal<Quiet?> Flow = new();

    private readonly Session _session;
    private readonly Quiet? _outer;
    private volatile bool _over;

    private Quiet(Session session, Quiet? outer) => (_session, _outer) = (session, outer);

    internal static Quiet Begin(Session session) => Flow.Value = new(session, Flow.Value);

    internal static bool Holds(Session session)
    {
        for (var quiet = Flow.Value; quiet is not null; quiet = quiet._outer)
            if (!quiet._over && ReferenceEquals(quiet._session, session))
                return true;
        return false;
    }

    public void Dispose()
    {
        _over = true;
        if (ReferenceEquals(Flow.Value, this))
            Flow.Value = _outer;
    }
}
