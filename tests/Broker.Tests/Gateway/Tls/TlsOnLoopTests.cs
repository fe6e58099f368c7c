using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Broker.Gateway.Loops;
using Broker.Gateway.Tls;
using Broker.Tests.Gateway.Loops;
using Xunit;

namespace Broker.Tests.Gateway.Tls;

/// <summary>TLS behind sockets: clients of .NET's own, and actors that echo.</summary>
public sealed class TlsOnLoopTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Many_clients_hear_what_they_said(bool portable)
    {
        using var certificate = TestCertificate.Make();
        await using var loops = new LoopSystem(portable);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(async () =>
        {
            var (peer, ours) = loops.Connect();
            loops.System.ActorOf(Props.Create(() => new Echo(ours, certificate)).WithDispatcher(loops.Dispatchers[0]));
            await using var stream = new SslStream(new NetworkStream(peer, ownsSocket: true));
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = (_, shown, _, _) =>
                    shown!.Equals(certificate) });
            var said = RandomNumberGenerator.GetBytes(500_000);
            var saying = stream.WriteAsync(said).AsTask();
            var heard = new byte[said.Length];
            await stream.ReadExactlyAsync(heard);
            await saying;
            Assert.Equal(said, heard);
        }))).WaitAsync(TimeSpan.FromMinutes(2));
    }

    // its end is PostStop
#pragma warning disable CA1001
    private sealed class Echo : UntypedActor
#pragma warning restore CA1001
    {
        private readonly TlsSession _tls = new();
        private readonly Socket _socket;
        private readonly X509Certificate2 _certificate;
        private readonly byte[] _buffer = new byte[16 * 1024];
        private Port? _port;
        private bool _handshakeWaits;
        private bool _isSecure;

        public Echo(Socket socket, X509Certificate2 certificate) => (_socket, _certificate) = (socket, certificate);

        protected override void PreStart()
        {
            _port = new(_socket, ReactorDispatcherConfigurator.LoopOf(Context), Self);
            _port.Attach();
            _tls.BeginAsServer(new() { ServerCertificateContext = SslStreamCertificateContext.Create(_certificate, null, offline: true) },
                Self);
        }

        protected override void PostStop()
        {
            _port!.Close();
            _tls.Dispose();
        }

        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case PortReady(var port):
                    port.Look();
                    break;
                case TlsSession.HandshakeWaits:
                    _handshakeWaits = true;
                    break;
                case TlsSession.HandshakeDone:
                    _isSecure = true;
                    break;
                case TlsSession.HandshakeFailed:
                    Context.Stop(Self);
                    return;
            }
            if (_isSecure || _handshakeWaits)
            {
                GoOn();
            }
        }

        private void GoOn()
        {
            Send();
            while (_isSecure || _handshakeWaits)
            {
                var count = _port!.Read(_buffer);
                if (count == 0)
                {
                    return;
                }
                // before it is fed: what then goes on elsewhere has it for itself
                _handshakeWaits = false;
                if (count < 0)
                {
                    Context.Stop(Self);
                    return;
                }
                _tls.Feed(_buffer.AsSpan(0, count));
                if (_isSecure)
                {
                    Echoed();
                }
            }
        }

        private void Echoed()
        {
            var clear = new byte[4_000];
            while (_tls.Read(clear) is var count && count > 0)
            {
                _tls.Write(clear.AsSpan(0, count));
            }
            Send();
        }

        private void Send()
        {
            _port!.Write(_tls.Outgoing.Span);
            _tls.Sent();
        }
    }
}
