using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Frontend;

/// <summary>A password, in clear or hashed as was asked.</summary>
/// <param name="Password">For MD5 `md5` and 32 digits.</param>
public sealed record PasswordMessage(WireText Password) : IFrontendMessage, IReadable<PasswordMessage>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.AuthenticationResponse);
        writer.Text(Password);
        writer.End();
    }

    static PasswordMessage IReadable<PasswordMessage>.Read(ref WireReader body) => new(body.Text());

    /// <summary>Not the password: records print their fields.</summary>
    public override string ToString() => nameof(PasswordMessage);
}
