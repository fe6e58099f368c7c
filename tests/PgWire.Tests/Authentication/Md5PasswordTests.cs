using System.Text;
using Broker.PgWire.Authentication;
using Xunit;

namespace Broker.PgWire.Tests.Authentication;

public sealed class Md5PasswordTests
{
    /// <summary>select rolpassword from pg_authid, of a role `app` with password 'secret'.</summary>
    private const string Kept = "md56a422f785c9e20873908ce25d1736ae2";

    [Fact]
    public void An_answer_fits_only_its_salt_and_password()
    {
        var kept = Md5Password.Keep("app", "secret");
        byte[] salt = [1, 2, 3, 4];
        var answer = Encoding.ASCII.GetBytes(Md5Password.Answer(kept, salt));

        Assert.True(Md5Password.IsKept(kept));
        Assert.True(Md5Password.Fits(answer, kept, salt));
        Assert.False(Md5Password.Fits(answer, kept, [1, 2, 3, 5]));
        Assert.False(Md5Password.Fits(answer, Md5Password.Keep("app", "Secret"), salt));
        Assert.False(Md5Password.Fits("md5"u8, kept, salt));
    }

    [Fact]
    public void What_is_kept_is_what_PostgreSQL_keeps() => Assert.Equal(Kept, Md5Password.Keep("app", "secret"));
}
