using Broker.PgWire.Messages.Both;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;

namespace Broker.PgWire.Messages;

/// <summary>Reads clients' messages.</summary>
public static class FrontendMessages
{
    /// <summary>Reads the body of a message.</summary>
    /// <param name="type">Its first byte.</param>
    /// <param name="body">What follows its length. What is read points into it.</param>
    /// <param name="awaited">What <see cref="FrontendType.AuthenticationResponse"/> means here.</param>
    /// <param name="error">Why it is no message; null when it is one.</param>
    /// <returns>The message, or null.</returns>
    public static IFrontendMessage? Read(byte type, ReadOnlyMemory<byte> body, AwaitedResponse awaited, out WireError? error) =>
        (FrontendType)type switch
    {
        FrontendType.AuthenticationResponse => ReadAwaited(body, awaited, out error),
        FrontendType.Bind => Bodies.Read<Bind>(body, out error),
        FrontendType.Close => Bodies.Read<Close>(body, out error),
        FrontendType.CopyData => Bodies.Read<CopyData>(body, out error),
        FrontendType.CopyDone => Bodies.Read<CopyDone>(body, out error),
        FrontendType.CopyFail => Bodies.Read<CopyFail>(body, out error),
        FrontendType.Describe => Bodies.Read<Describe>(body, out error),
        FrontendType.Execute => Bodies.Read<Execute>(body, out error),
        FrontendType.Flush => Bodies.Read<Flush>(body, out error),
        FrontendType.FunctionCall => Bodies.Read<FunctionCall>(body, out error),
        FrontendType.Parse => Bodies.Read<Parse>(body, out error),
        FrontendType.Query => Bodies.Read<Query>(body, out error),
        FrontendType.Sync => Bodies.Read<Sync>(body, out error),
        FrontendType.Terminate => Bodies.Read<Terminate>(body, out error),
        _ => Bodies.Refuse<IFrontendMessage>(WireErrorKind.UnknownType, $"no client sends a message of type {type}", out error),
    };

    private static IFrontendMessage? ReadAwaited(ReadOnlyMemory<byte> body, AwaitedResponse awaited, out WireError? error) => awaited switch
    {
        AwaitedResponse.None =>
            Bodies.Refuse<IFrontendMessage>(WireErrorKind.UnknownType,
                "a response to authentication came, and none was asked for", out error),
        AwaitedResponse.Password => Bodies.Read<PasswordMessage>(body, out error),
        AwaitedResponse.SaslInitial => Bodies.Read<SASLInitialResponse>(body, out error),
        AwaitedResponse.Sasl => Bodies.Read<SASLResponse>(body, out error),
        AwaitedResponse.Gss => Bodies.Read<GSSResponse>(body, out error),
    };
}

/// <summary>Which message of type p the server awaits.</summary>
public enum AwaitedResponse
{
    /// <summary>None.</summary>
    None,

    /// <summary>PasswordMessage.</summary>
    Password,

    /// <summary>SASLInitialResponse.</summary>
    SaslInitial,

    /// <summary>SASLResponse.</summary>
    Sasl,

    /// <summary>GSSResponse.</summary>
    Gss,
}
