using System.Buffers;
using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Configuration;
using Broker.Connections;
using Broker.Gateway.Sockets;
using Broker.PgWire.Framing;
using Broker.PgWire.Logins;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Releasing;
using Broker.PgWire.Values;
using Broker.Statements;

namespace Broker.Gateway.Links;

/// <summary>
/// Begins a session on a connection: logs in, then asks the first questions. It takes the server's messages one by one; a proof that takes
/// long to make is left to whoever reads (<see cref="ToProve"/>). Afterwards it knows all that a link is made of.
/// </summary>
internal sealed class SessionBeginning
{
    /// <summary>For a server that says no SQLSTATE: it breaks the protocol.</summary>
    private const string NoState = "08P01";

    private readonly PoolId _pool;
    private readonly HostEndpoint _host;
    private readonly Channel _channel;
    private readonly WireWriter _writer = new();
    private readonly LinkUse _use = new();

    /// <param name="pool">For whose failures it speaks.</param>
    /// <param name="host">Who the server is.</param>
    /// <param name="channel">The connection.</param>
    /// <param name="login">What is asked for.</param>
    internal SessionBeginning(PoolId pool, HostEndpoint host, Channel channel, ServerLogin login) =>
        (_pool, _host, _channel, Login) = (pool, host, channel, login);

    /// <summary>The login.</summary>
    internal ServerLogin Login { get; }

    /// <summary>The settings that the server reports.</summary>
    internal Dictionary<WireText, WireText> Settings { get; private set; } = [];

    /// <summary>The process; null before it is known.</summary>
    internal BackendIdentity? Backend { get; private set; }

    /// <summary>What its host is, once <see cref="Backend"/> is known.</summary>
    internal SessionFacts Facts { get; private set; }

    /// <summary>What the session presumes; null before it is known.</summary>
    internal PoolDefaults? Presumes { get; private set; }

    /// <summary>Why there is no session; null as long as there may be one.</summary>
    internal Failure? Failure { get; private set; }

    /// <summary>What the server said when it refused; null when it did not.</summary>
    internal ErrorResponse? Refusal { get; private set; }

    /// <summary>Whether it has begun, and nothing is under way on it.</summary>
    internal bool IsOver { get; private set; }

    /// <summary>A message whose answer takes long to make: <see cref="Proved"/> takes it. Until then nothing else is to be read.</summary>
    internal AuthenticationSASLContinue? ToProve { get; private set; }

    /// <summary>Sends the first message.</summary>
    internal void Begin() => Send(Login.First());

    /// <summary>Takes a message.</summary>
    /// <returns>False when the next is to wait: it is over, has failed, or there is something to prove.</returns>
    internal bool Take(Frame frame)
    {
        if (!frame.IsWhole)
        {
            return Fail($"it sent a message of type {(char)frame.Type} with {frame.Length} bytes while a session began");
        }
        if (BackendMessages.Read(frame.Type, frame.Body.ToArray(), out var error) is not { } message)
        {
            return Fail($"it is no PostgreSQL server: {error!.Text}");
        }
        if (Login.IsReady)
        {
            return Answered(message, (BackendType)frame.Type);
        }
        if (message is AuthenticationSASLContinue asked)
        {
            ToProve = asked;
            return false;
        }
        return LoggedIn(Login.Next(message, out var failed), failed);
    }

    /// <summary>The answer to <see cref="ToProve"/> is made, as <see cref="ServerLogin.Next"/> says it.</summary>
    /// <returns>As of <see cref="Take"/>.</returns>
    internal bool Proved(IFrontendMessage? response, LoginFailed? failed)
    {
        ToProve = null;
        return LoggedIn(response, failed);
    }

    private bool LoggedIn(IFrontendMessage? response, LoginFailed? failed)
    {
        if (failed is not null)
        {
            return Fail(failed);
        }
        if (response is not null)
        {
            Send(response);
        }
        if (Login.IsReady)
        {
            Settings = new(Login.Settings);
            Ask();
        }
        return true;
    }

    private void Ask()
    {
        _writer.Clear();
        foreach (var message in FirstQuestions.Messages)
        {
            var start = _writer.Written.Length;
            message.Write(_writer);
            _use.Sent((FrontendType)_writer.Written.Span[start]);
        }
        _channel.Write(_writer.Written.Span);
    }

    private bool Answered(IBackendMessage message, BackendType type)
    {
        if (message is ErrorResponse refused)
        {
            return Fail(refused);
        }
        if (_use.Received(type, message is ReadyForQuery ready ? ready.Status : default) is Addressee.Breach)
        {
            return Fail($"it sent {message.GetType().Name} while a session began");
        }
        switch (message)
        {
            case ParameterStatus status:
                Settings[status.Name] = status.Value;
                return true;
            case DataRow row when Backend is null:
                var identity = FirstQuestions.Identity(row, _host);
                (Backend, Facts) = (identity?.Backend, identity?.Facts ?? default);
                return Backend is not null || Fail("it does not say which process it is");
            case DataRow row:
                Presumes = FirstQuestions.Defaults(row);
                return Presumes is not null || Fail("it does not say what a session presumes");
            case ReadyForQuery:
                IsOver = _use.CanRelease && Presumes is not null;
                return !IsOver && Fail("it does not answer what it is asked");
            default:
                return true;
        }
    }

    private bool Fail(LoginFailed failed)
    {
        if (failed.Report is { } report)
        {
            return Fail(report);
        }
        Failure = failed.HasNoProof
            ? ConnectFailures.NothingToProveWith(_pool, _host, failed.Text)
            : ConnectFailures.Unavailable(_pool, _host, failed.Text);
        return false;
    }

    private bool Fail(ErrorResponse refusal)
    {
        Refusal = refusal;
        Failure = ConnectFailures.Refused(_pool, _host, refusal.SqlState is { Length: 5 } state ? state : NoState, refusal.Text);
        return false;
    }

    private bool Fail(string text)
    {
        Failure = ConnectFailures.Unavailable(_pool, _host, text);
        return false;
    }

    private void Send(IWireMessage message)
    {
        _writer.Clear();
        message.Write(_writer);
        _channel.Write(_writer.Written.Span);
    }
}
