namespace Broker.PgWire.Messages;

/// <summary>The first byte of a client's message.</summary>
public enum FrontendType : byte
{
    /// <summary>GSSResponse, PasswordMessage, SASLInitialResponse or SASLResponse: which, only what the server asked for says.</summary>
    AuthenticationResponse = (byte)'p',

    /// <summary>Bind.</summary>
    Bind = (byte)'B',

    /// <summary>Close.</summary>
    Close = (byte)'C',

    /// <summary>CopyData.</summary>
    CopyData = (byte)'d',

    /// <summary>CopyDone.</summary>
    CopyDone = (byte)'c',

    /// <summary>CopyFail.</summary>
    CopyFail = (byte)'f',

    /// <summary>Describe.</summary>
    Describe = (byte)'D',

    /// <summary>Execute.</summary>
    Execute = (byte)'E',

    /// <summary>Flush.</summary>
    Flush = (byte)'H',

    /// <summary>FunctionCall.</summary>
    FunctionCall = (byte)'F',

    /// <summary>Parse.</summary>
    Parse = (byte)'P',

    /// <summary>Query.</summary>
    Query = (byte)'Q',

    /// <summary>Sync.</summary>
    Sync = (byte)'S',

    /// <summary>Terminate.</summary>
    Terminate = (byte)'X',
}
