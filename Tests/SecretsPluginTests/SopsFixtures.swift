import OpsCore

@testable import SecretsPlugin

/// Keys and files of sops for tests.
enum SopsFixtures {
    /// `SopsWriter.dataKey`, encrypted with Debian's age for `AgeFixtures.recipient`.
    static let wrappedKey = """
        -----BEGIN AGE ENCRYPTED FILE-----
        YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBaU2lSTVRoUXpEb3RaeG80
        WmM5d2FBV05rYmN1cVpqNGxkMUYxZU1WT0J3CmhqOXpMZEtqU2I2ZjRCdklmZEZ6
        SmIrUDVLV3lzbHZTL1Avb2pWL29ib1EKLS0tIFkwblNxaUR6Y05XaEsxR3NZZWtX
        Ykw1dnZIaHcwSklES2crQVFwMWw0eHcKjRHc11GaEqYiMhPwtg3FvyjBq1cKJxjO
        dL7ggxQlR81IkB/5NHY4lERBjHGt5HEO5SA+eVLemB5a3xnt3ps8UA==
        -----END AGE ENCRYPTED FILE-----

        """

    /// The member of sops' metadata that names one age recipient, in JSON.
    static let ageKeys = #""age": ["# + ageKey(wrappedKey) + "]"

    static func ageKey(_ sealed: String, recipient: String = AgeFixtures.recipient) -> String {
        #"{"recipient": "\#(recipient)", "enc": \#(JSONWriter.text(.string(sealed)))}"#
    }

    /// Written by a Python program of its own with `cryptography`'s AES-GCM: what all readers have to agree on.
    static let golden = """
        database:
            user: ENC[AES256_GCM,data:3T6k,iv:tfnk3yKNxilXCgsdG6o2v4L7udu2xeuiU66g9w/0fb0=,tag:ACZ1KbTPwPYvOw2qDWVCrQ==,type:str]
            password: ENC[AES256_GCM,data:iL/dXFHUKdVxPcFFrlQ=,iv:NPEzUt1TLR3N+CxcL8B2abgNbE8JtwWRKR9upaOanXQ=,tag:Um/cpV9FwlUmh98QLfOVJw==,type:str]
            ports:
            - ENC[AES256_GCM,data:PHq6Dg==,iv:5d7SfdluynoT2s3HODqiPBMk8okAdBQ129KJ1TzOVVI=,tag:0LkiKEV21GByYDg3j6nCLA==,type:int]
            - ENC[AES256_GCM,data:uvdF/Q==,iv:Q3HEzGdh3HNd6yvNqgtzJpUNBg/eZ2FRNTior7Ah2Pk=,tag:BY3NP9DVAGX8y59aa8Qx1Q==,type:int]
            tls: ENC[AES256_GCM,data:TzF6Qg==,iv:OG7zP+gOeTUpIDiUnfBEp+VvyH/68lSDkXkb9LeUYhE=,tag:g7qITc8KTNEYumw/FJH88g==,type:bool]
            ratio: ENC[AES256_GCM,data:jB6rcw==,iv:XMNnqZQckycOs4XnSrjQbyygH+m/R9ZrpK1DyEdH1lg=,tag:H9dwVW7n9vgPDyNvlnbkWg==,type:float]
            none: ''
        id: ENC[AES256_GCM,data:JH7c2frY5vyGUAsGuJnx+i4=,iv:oOKMN31AeRvoSzHnjzPyn9iZxLDxz7VSdNM2qt2/3Ng=,tag:j1MR34jfnz8JrS/U1AOUCQ==,type:int]
        note_unencrypted: in the clear
        count_unencrypted: 7
        off_unencrypted: false
        list:
        -   a: ENC[AES256_GCM,data:dg==,iv:rXeE4CU9kbsSJhg5CbRq58kbHq8w9SOjQSYFYXbm3X8=,tag:8p0rxlwedEPQopryhlNC2Q==,type:str]
        -   a: ENC[AES256_GCM,data:Sg==,iv:ppLsSrAj6RiWHM0MAcVToTGR+GtVxLiaEcW20fZr0EA=,tag:mUuG2NmLAwK0XSJYXaMxSg==,type:str]
        gone: null
        sops:
            age:
            -   recipient: age14c55c86v2kr5kgsngqqg9c77z2sxct2xrd77h4ftszcwepxarvdq5ptcu2
                enc: |
                    -----BEGIN AGE ENCRYPTED FILE-----
                    YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBaU2lSTVRoUXpEb3RaeG80
                    WmM5d2FBV05rYmN1cVpqNGxkMUYxZU1WT0J3CmhqOXpMZEtqU2I2ZjRCdklmZEZ6
                    SmIrUDVLV3lzbHZTL1Avb2pWL29ib1EKLS0tIFkwblNxaUR6Y05XaEsxR3NZZWtX
                    Ykw1dnZIaHcwSklES2crQVFwMWw0eHcKjRHc11GaEqYiMhPwtg3FvyjBq1cKJxjO
                    dL7ggxQlR81IkB/5NHY4lERBjHGt5HEO5SA+eVLemB5a3xnt3ps8UA==
                    -----END AGE ENCRYPTED FILE-----
            lastmodified: '2026-01-31T12:00:00Z'
            mac: ENC[AES256_GCM,data:N7dFtNxw2PFx/+n4NQQf1onMaRz2jak1cP0HKYR+xdv/JzFuPcbtrYTt9qlT45tW51o1rnLpyClRkKb7nNeQQXdTnlMvczI4/+cGljyAi5MTk5ewCoItSZOsIHUDx5GIEkzs+GDRsGW5JAhzV4HeXZ5z+pv+1xlhF0QTVmIXrEo=,iv:LcFjUYWpHneEhCcJeBsuymXOXf1ES7JHAbWHGhNOz3U=,tag:Qqu3AreZ7PnKrrkIfjtwxw==,type:str]
            unencrypted_suffix: _unencrypted
            version: 3.9.0

        """
}
