using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Both;
using Broker.PgWire.Values;

namespace Broker.PgWire.Messages;

/// <summary>Reads servers' messages.</summary>
public static class BackendMessages
{
    /// <summary>Reads the body of a message.</summary>
    /// <param name="type">Its first byte.</param>
    /// <param name="body">What follows its length. What is read points into it.</param>
    /// <param name="error">Why it is no message; null when it is one.</param>
    /// <returns>The message, or null.</returns>
    public static IBackendMessage? Read(byte type, ReadOnlyMemory<byte> body, out WireError? error) => (BackendType)type switch
    {
        BackendType.Authentication => ReadAuthentication(body, out error),
        BackendType.BackendKeyData => Bodies.Read<BackendKeyData>(body, out error),
        BackendType.BindComplete => Bodies.Read<BindComplete>(body, out error),
        BackendType.CloseComplete => Bodies.Read<CloseComplete>(body, out error),
        BackendType.CommandComplete => Bodies.Read<CommandComplete>(body, out error),
        BackendType.CopyData => Bodies.Read<CopyData>(body, out error),
        BackendType.CopyDone => Bodies.Read<CopyDone>(body, out error),
        BackendType.CopyInResponse => Bodies.Read<CopyInResponse>(body, out error),
        BackendType.CopyOutResponse => Bodies.Read<CopyOutResponse>(body, out error),
        BackendType.CopyBothResponse => Bodies.Read<CopyBothResponse>(body, out error),
        BackendType.DataRow => Bodies.Read<DataRow>(body, out error),
        BackendType.EmptyQueryResponse => Bodies.Read<EmptyQueryResponse>(body, out error),
        BackendType.ErrorResponse => Bodies.Read<ErrorResponse>(body, out error),
        BackendType.FunctionCallResponse => Bodies.Read<FunctionCallResponse>(body, out error),
        BackendType.NegotiateProtocolVersion => Bodies.Read<NegotiateProtocolVersion>(body, out error),
        BackendType.NoData => Bodies.Read<NoData>(body, out error),
        BackendType.NoticeResponse => Bodies.Read<NoticeResponse>(body, out error),
        BackendType.NotificationResponse => Bodies.Read<NotificationResponse>(body, out error),
        BackendType.ParameterDescription => Bodies.Read<ParameterDescription>(body, out error),
        BackendType.ParameterStatus => Bodies.Read<ParameterStatus>(body, out error),
        BackendType.ParseComplete => Bodies.Read<ParseComplete>(body, out error),
        BackendType.PortalSuspended => Bodies.Read<PortalSuspended>(body, out error),
        BackendType.ReadyForQuery => Bodies.Read<ReadyForQuery>(body, out error),
        BackendType.RowDescription => Bodies.Read<RowDescription>(body, out error),
        _ => Bodies.Refuse<IBackendMessage>(WireErrorKind.UnknownType, $"no server sends a message of type {type}", out error),
    };

    private static IBackendMessage? ReadAuthentication(ReadOnlyMemory<byte> body, out WireError? error)
    {
        var reader = new WireReader(body);
        var kind = reader.Int32();
        if (reader.Error is { } wrong)
            return Bodies.Refuse<IBackendMessage>(wrong.Kind, $"Authentication: {wrong.Text}", out error);
        return (AuthenticationKind)kind switch
        {
            AuthenticationKind.Ok => Bodies.Read<AuthenticationOk>(ref reader, out error),
            AuthenticationKind.KerberosV5 => Bodies.Read<AuthenticationKerberosV5>(ref reader, out error),
            AuthenticationKind.CleartextPassword => Bodies.Read<AuthenticationCleartextPassword>(ref reader, out error),
            AuthenticationKind.MD5Password => Bodies.Read<AuthenticationMD5Password>(ref reader, out error),
            AuthenticationKind.GSS => Bodies.Read<AuthenticationGSS>(ref reader, out error),
            AuthenticationKind.GSSContinue => Bodies.Read<AuthenticationGSSContinue>(ref reader, out error),
            AuthenticationKind.SSPI => Bodies.Read<AuthenticationSSPI>(ref reader, out error),
            AuthenticationKind.SASL => Bodies.Read<AuthenticationSASL>(ref reader, out error),
            AuthenticationKind.SASLContinue => Bodies.Read<AuthenticationSASLContinue>(ref reader, out error),
            AuthenticationKind.SASLFinal => Bodies.Read<AuthenticationSASLFinal>(ref reader, out error),
            _ => Bodies.Refuse<IBackendMessage>(WireErrorKind.BadField, $"authentication {kind} is not known", out error),
        };
    }
}
