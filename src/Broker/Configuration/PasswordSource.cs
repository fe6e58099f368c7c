namespace Broker.Configuration;

/// <summary>
/// Where the password of a user comes from. A variable or a file is read again for every new connection, so that
/// a password may be changed while the broker runs: connections opened from then on use the new one.
/// </summary>
public abstract record PasswordSource
{
    private PasswordSource()
    {
    }

    /// <summary>The password as it is now; null when there is none (trust, peer, a client certificate).</summary>
    /// <exception cref="IOException">The password file cannot be read any more.</exception>
    public abstract Secret? Current();

    /// <summary>
    /// The source that the keys <c>password</c>, <c>password-env</c> and <c>password-file</c> of a section name; at most one of them.
    /// </summary>
    internal static PasswordSource From(SettingsReader reader)
    {
        var (literal, variable, file) = (reader.Given("password"), reader.Given("password-env"), reader.Given("password-file"));
        var given = new[] { literal, variable, file }.Count(text => text.Length > 0);
        reader.Check(given <= 1, "password", "only one of password, password-env and password-file may be given");
        reader.Check(variable.Length == 0 || Environment.GetEnvironmentVariable(variable) is not null, "password-env",
            "there is no such environment variable");
        reader.Check(file.Length == 0 || System.IO.File.Exists(file), "password-file", "there is no such file");
        return literal.Length > 0 ? new Literal(new Secret(literal))
            : variable.Length > 0 ? new Variable(variable)
            : file.Length > 0 ? new Line(file)
            : new None();
    }

    /// <summary>No password.</summary>
    public sealed record None : PasswordSource
    {
        /// <inheritdoc />
        public override Secret? Current() => null;
    }

    /// <summary>Written in the configuration itself (<c>password</c>, or inside <c>connection-string</c>).</summary>
    public sealed record Literal(Secret Password) : PasswordSource
    {
        /// <inheritdoc />
        public override Secret? Current() => Password;
    }

    /// <summary>An environment variable (<c>password-env</c>).</summary>
    public sealed record Variable(string Name) : PasswordSource
    {
        /// <inheritdoc />
        public override Secret? Current() => Environment.GetEnvironmentVariable(Name) is { } text ? new Secret(text) : null;
    }

    /// <summary>The first line of a file (<c>password-file</c>).</summary>
    public sealed record Line(string File) : PasswordSource
    {
        /// <inheritdoc />
        public override Secret? Current() => new(System.IO.File.ReadLines(File).FirstOrDefault() ?? "");
    }
}
