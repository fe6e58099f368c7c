namespace Broker.PgWire.Messages;

/// <summary>The first byte of a server's message.</summary>
public enum BackendType : byte
{
    /// <summary>One of the Authentication messages: which, its first field says.</summary>
    Authentication = (byte)'R',

    /// <summary>BackendKeyData.</summary>
    BackendKeyData = (byte)'K',

    /// <summary>BindComplete.</summary>
    BindComplete = (byte)'2',

    /// <summary>CloseComplete.</summary>
    CloseComplete = (byte)'3',

    /// <summary>CommandComplete.</summary>
    CommandComplete = (byte)'C',

    /// <summary>CopyData.</summary>
    CopyData = (byte)'d',

    /// <summary>CopyDone.</summary>
    CopyDone = (byte)'c',

    /// <summary>CopyInResponse.</summary>
    CopyInResponse = (byte)'G',

    /// <summary>CopyOutResponse.</summary>
    CopyOutResponse = (byte)'H',

    /// <summary>CopyBothResponse.</summary>
    CopyBothResponse = (byte)'W',

    /// <summary>DataRow.</summary>
    DataRow = (byte)'D',

    /// <summary>EmptyQueryResponse.</summary>
    EmptyQueryResponse = (byte)'I',

    /// <summary>ErrorResponse.</summary>
    ErrorResponse = (byte)'E',

    /// <summary>FunctionCallResponse.</summary>
    FunctionCallResponse = (byte)'V',

    /// <summary>NegotiateProtocolVersion.</summary>
    NegotiateProtocolVersion = (byte)'v',

    /// <summary>NoData.</summary>
    NoData = (byte)'n',

    /// <summary>NoticeResponse.</summary>
    NoticeResponse = (byte)'N',

    /// <summary>NotificationResponse.</summary>
    NotificationResponse = (byte)'A',

    /// <summary>ParameterDescription.</summary>
    ParameterDescription = (byte)'t',

    /// <summary>ParameterStatus.</summary>
    ParameterStatus = (byte)'S',

    /// <summary>ParseComplete.</summary>
    ParseComplete = (byte)'1',

    /// <summary>PortalSuspended.</summary>
    PortalSuspended = (byte)'s',

    /// <summary>ReadyForQuery.</summary>
    ReadyForQuery = (byte)'Z',

    /// <summary>RowDescription.</summary>
    RowDescription = (byte)'T',
}
