using System.Collections.Immutable;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Both;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;

namespace Broker.PgWire.Tests.Messages;

/// <summary>Random messages, every type of each side as likely as the others.</summary>
internal sealed class AnyMessage(int seed)
{
    private readonly Random _random = new(seed);

    internal static int FrontendKinds => new AnyMessage(0).Frontend.Length;

    internal static int BackendKinds => new AnyMessage(0).Backend.Length;

    private Func<(IFrontendMessage, AwaitedResponse)>[] Frontend =>
    [
        () => (new Bind(Text(), Text(), Formats(), Values(), Formats()), default),
        () => (new Close(Target(), Text()), default),
        () => (new CopyData(Bytes()), default),
        () => (CopyDone.Instance, default),
        () => (new CopyFail(Text()), default),
        () => (new Describe(Target(), Text()), default),
        () => (new Execute(Text(), _random.Next()), default),
        () => (Flush.Instance, default),
        () => (new FunctionCall((uint)_random.Next(), Formats(), Values(), Format()), default),
        () => (new GSSResponse(Bytes()), AwaitedResponse.Gss),
        () => (new Parse(Text(), Text(), ObjectIds()), default),
        () => (new PasswordMessage(Text()), AwaitedResponse.Password),
        () => (new Query(Text()), default),
        () => (new SASLInitialResponse(Text(), Value()), AwaitedResponse.SaslInitial),
        () => (new SASLResponse(Bytes()), AwaitedResponse.Sasl),
        () => (Sync.Instance, default),
        () => (Terminate.Instance, default),
    ];

    private Func<IBackendMessage>[] Backend =>
    [
        () => AuthenticationCleartextPassword.Instance,
        () => AuthenticationGSS.Instance,
        () => new AuthenticationGSSContinue(Bytes()),
        () => AuthenticationKerberosV5.Instance,
        () => new AuthenticationMD5Password(Bytes(4)),
        () => AuthenticationOk.Instance,
        () => new AuthenticationSASL(Several(4, () => WireText.Of("M" + _random.Next(9)))),
        () => new AuthenticationSASLContinue(Bytes()),
        () => new AuthenticationSASLFinal(Bytes()),
        () => AuthenticationSSPI.Instance,
        () => new BackendKeyData(_random.Next(), Bytes(_random.Next(4, 257))),
        () => BindComplete.Instance,
        () => CloseComplete.Instance,
        () => new CommandComplete(Text()),
        () => new CopyBothResponse(Format(), Formats()),
        () => new CopyData(Bytes()),
        () => CopyDone.Instance,
        () => new CopyInResponse(Format(), Formats()),
        () => new CopyOutResponse(Format(), Formats()),
        () => new DataRow(Values()),
        () => EmptyQueryResponse.Instance,
        () => new ErrorResponse(Several(9, Field)),
        () => new FunctionCallResponse(Value()),
        () => new NegotiateProtocolVersion(_random.Next(9), Several(4, Text)),
        () => NoData.Instance,
        () => new NoticeResponse(Several(9, Field)),
        () => new NotificationResponse(_random.Next(), Text(), Text()),
        () => new ParameterDescription(ObjectIds()),
        () => new ParameterStatus(Text(), Text()),
        () => ParseComplete.Instance,
        () => PortalSuspended.Instance,
        () => new ReadyForQuery(_random.GetItems(Enum.GetValues<TransactionStatus>(), 1)[0]),
        () => new RowDescription(Several(5,
            () =>
                new RowDescriptionField(Text(), (uint)_random.Next(), (short)_random.Next(-9, 99), uint.MaxValue, -1, _random.Next(),
                    Format()))),
    ];

    internal (IFrontendMessage Message, AwaitedResponse Awaited) NextFrontend() => _random.GetItems(Frontend, 1)[0]();

    internal IBackendMessage NextBackend() => _random.GetItems(Backend, 1)[0]();

    internal (IFrontendMessage Message, AwaitedResponse Awaited) FrontendOf(int kind) => Frontend[kind]();

    internal IBackendMessage BackendOf(int kind) => Backend[kind]();

    internal int Next(int below) => _random.Next(below);

    internal byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    internal WireText Text() => new(Array.ConvertAll(Bytes(), static b => b == 0 ? (byte)1 : b));

    // mostly short, sometimes longer than any buffer of a test
    private byte[] Bytes() => Bytes(_random.Next(20) == 0 ? _random.Next(3_000) : _random.Next(12));

    private ReadOnlyMemory<byte>? Value() => _random.Next(4) == 0 ? default(ReadOnlyMemory<byte>?) : Bytes();

    private short Format() => (short)_random.Next(2);

    private TargetKind Target() => _random.Next(2) == 0 ? TargetKind.Portal : TargetKind.Statement;

    private ReportField Field() => new((byte)_random.Next(1, 256), Text());

    private ImmutableArray<short> Formats() => Several(4, Format);

    private ImmutableArray<uint> ObjectIds() => Several(4, () => (uint)_random.Next() * 2);

    private ImmutableArray<ReadOnlyMemory<byte>?> Values() => Several(_random.Next(50) == 0 ? 40_000 : 5, Value);

    private ImmutableArray<T> Several<T>(int most, Func<T> make) => [.. Enumerable.Range(0, _random.Next(most + 1)).Select(_ => make())];
}
