using Broker.PgWire.Values;

namespace Broker.PgWire.Messages;

/// <summary>Reads one body whole.</summary>
internal static class Bodies
{
    internal static T? Read<T>(ReadOnlyMemory<byte> body, out WireError? error)
        where T : class, IReadable<T>
    {
        var reader = new WireReader(body);
        return Read<T>(ref reader, out error);
    }

    /// <summary>The same where fields were read already.</summary>
    internal static T? Read<T>(ref WireReader body, out WireError? error)
        where T : class, IReadable<T>
    {
        var message = T.Read(ref body);
        body.End();
        error = body.Error is { } wrong ? wrong with { Text = $"{typeof(T).Name}: {wrong.Text}" } : null;
        return error is null ? message : null;
    }

    internal static T? Refuse<T>(WireErrorKind kind, string text, out WireError? error)
        where T : class
    {
        error = new(kind, text);
        return null;
    }
}
