using System.Collections.Immutable;
using System.Text;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Both;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;

namespace Broker.Clients.Tests.Differing;

/// <summary>Short words for what a client says.</summary>
internal static class Wording
{
    internal static IFrontendMessage Simple(string text) => new Query(WireText.Of(text));

    internal static IFrontendMessage Parse(string text, string name = "", params ImmutableArray<uint> types) =>
        new Parse(WireText.Of(name), WireText.Of(text), types);

    /// <summary>Binds texts; the results are text too.</summary>
    internal static IFrontendMessage Bind(params string?[] values) => Bind("", "", values);

    internal static IFrontendMessage Bind(string portal, string statement, params string?[] values) =>
        new Bind(WireText.Of(portal), WireText.Of(statement), [], [.. values.Select(Bytes)], []);

    /// <summary>Binds an int4 in binary, and wants binary results.</summary>
    internal static IFrontendMessage BindBinary(int value) =>
        new Bind(WireText.Empty, WireText.Empty, [1], [(ReadOnlyMemory<byte>)BigEndian(value)], [1]);

    internal static IFrontendMessage Execute(int rows = 0, string portal = "") => new Execute(WireText.Of(portal), rows);

    internal static IFrontendMessage DescribePortal(string portal = "") => new Describe(TargetKind.Portal, WireText.Of(portal));

    internal static IFrontendMessage DescribeStatement(string name = "") => new Describe(TargetKind.Statement, WireText.Of(name));

    internal static IFrontendMessage ClosePortal(string portal) => new Close(TargetKind.Portal, WireText.Of(portal));

    internal static IFrontendMessage CloseStatement(string name) => new Close(TargetKind.Statement, WireText.Of(name));

    internal static IFrontendMessage Sync => PgWire.Messages.Frontend.Sync.Instance;

    internal static IFrontendMessage Flush => PgWire.Messages.Frontend.Flush.Instance;

    internal static IFrontendMessage Data(string text) => new CopyData(Encoding.UTF8.GetBytes(text));

    internal static IFrontendMessage Done => CopyDone.Instance;

    internal static IFrontendMessage Fail(string why) => new CopyFail(WireText.Of(why));

    /// <summary>Calls a function with int4 in binary.</summary>
    internal static IFrontendMessage Call(uint function, params int[] arguments) =>
        new FunctionCall(function, [1], [.. arguments.Select(argument => (ReadOnlyMemory<byte>?)BigEndian(argument))], 1);

    /// <summary>Parses, binds, executes: no Sync.</summary>
    internal static IFrontendMessage[] Run(string text, params string?[] values) => [Parse(text), Bind(values), Execute()];

    private static ReadOnlyMemory<byte>? Bytes(string? text) =>
        text is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(text);

    private static byte[] BigEndian(int value)
    {
        var bytes = new byte[sizeof(int)];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
